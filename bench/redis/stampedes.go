//go:build unix

package redis

import (
	"context"

	"github.com/uds-platform/state/bench/report"
)

func stampedes(ctx context.Context, s *stage, p Plan) (report.Table, error) {
	return report.Table{}, nil
}
