//go:build unix && !linux

package redistest

import "syscall"

// diesWithParent has no equivalent here: the child ends with its test only.
func diesWithParent() *syscall.SysProcAttr { return nil }
