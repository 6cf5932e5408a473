package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uds-platform/state/warm"
)

func preloadFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "preload")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPreloadFileIsCheckedWhenTheEnvironmentIsRead(t *testing.T) {
	for name, tc := range map[string]struct{ path, want string }{
		"missing":  {filepath.Join(t.TempDir(), "none"), "no such file"},
		"a folder": {t.TempDir(), "no regular file"},
		"a device": {os.DevNull, "no regular file"},
		"faulty":   {preloadFile(t, "1 SHOW EVENT TYPES\nSHOW EVENT TYPES\n"), "line 2"},
	} {
		_, err := fromEnviron([]string{"STATE_PRELOAD_FILE=" + tc.path}, nil)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v: want ErrConfig with %q", name, err, tc.want)
		}
	}
}

func TestWarmShareOfNoneIsNoWarming(t *testing.T) {
	c, err := fromEnviron([]string{"STATE_WARM_SHARE=0"}, nil)
	if err != nil || c.Warming.Share != NoWarming {
		t.Fatalf("share %v, %v: want NoWarming", c.Warming.Share, err)
	}
	for _, text := range []string{"-1", "1.01", "NaN", "many"} {
		if _, err := fromEnviron([]string{"STATE_WARM_SHARE=" + text}, nil); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: error %v: want ErrConfig", text, err)
		}
	}
}

func TestWrongChainsAreReported(t *testing.T) {
	_, err := Open(t.Context(), Config{Warming: Warming{Chains: []warm.Chain{{{Tool: "list"}}}}})
	if !errors.Is(err, ErrConfig) || !errors.Is(err, warm.ErrOptions) || !strings.Contains(err.Error(), "Chains[0]") {
		t.Errorf("error %v: want ErrConfig that names the chain", err)
	}
}
