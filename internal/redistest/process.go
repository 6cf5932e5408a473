//go:build unix

package redistest

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child that ends with this process.
type process struct {
	command *exec.Cmd
	done    chan struct{} // closed when the child has ended
}

// startProcess runs a command whose output is appended to a file.
//
// The goroutine that starts it stays on its thread until the child ends: on
// Linux a child asks to be killed when its parent's thread ends, not the parent
// itself (PR_SET_PDEATHSIG).
func startProcess(name string, args []string, log string) (*process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = diesWithParent()
	p := &process{command: command, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := command.Start()
		_ = output.Close()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
	}()
	return p, <-started
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// pause waits, at most until the child has ended.
func (p *process) pause(d time.Duration) {
	select {
	case <-p.done:
	case <-time.After(d):
	}
}

func (p *process) signal(s syscall.Signal) error { return p.command.Process.Signal(s) }

// terminate asks the child to end, and makes it where it doesn't.
func (p *process) terminate() {
	_ = p.signal(syscall.SIGTERM)
	_ = p.signal(syscall.SIGCONT)
	p.pause(patience)
	p.kill()
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.done
}
