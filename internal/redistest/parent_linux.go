package redistest

import "syscall"

// diesWithParent has the child killed when the test binary ends, also where that
// is killed itself.
func diesWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
