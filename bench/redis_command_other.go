//go:build !unix

package main

import (
	"context"
	"errors"
)

func redisCommand(context.Context, *bench, []string) error {
	return errors.New("redis: suspending a server takes a Unix system")
}
