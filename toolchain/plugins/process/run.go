// Package process runs a command so that it leaves nothing behind: in its own process group,
// which ends as a whole when the command is cancelled or takes too long, or when this program
// dies (see Guard).
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// grace is how long a group has between SIGTERM and SIGKILL.
	grace = 10 * time.Second
	// drain is how long to wait for output of a background process that outlives its command.
	// (Upstream waits forever.)
	drain = 5 * time.Second
	// tailSize bounds the output that an error message repeats.
	tailSize = 16 << 10
)

// Command is what to run.
type Command struct {
	Args  []string
	Dir   string
	Env   []string
	Stdin string
	// OnStdout and OnStderr get each line as it comes, without its newline; nil means no listener.
	// They may be called concurrently.
	OnStdout, OnStderr func(line string)
}

// Result is what a command wrote.
type Result struct{ Stdout, Stderr string }

// Run starts the command and waits for its end. The error of a failed command says why and ends
// with the last lines of its output.
func Run(ctx context.Context, command Command) (Result, error) {
	last := &tail{limit: tailSize}
	var stdout, stderr bytes.Buffer
	outputs := &outputs{}
	stdoutEnd, err := outputs.add(&stdout, last, command.OnStdout)
	if err != nil {
		return Result{}, err
	}
	stderrEnd, err := outputs.add(&stderr, last, command.OnStderr)
	if err != nil {
		outputs.abandon()
		return Result{}, err
	}

	cmd := exec.Command(command.Args[0], command.Args[1:]...)
	cmd.Dir, cmd.Env = command.Dir, command.Env
	cmd.Stdout, cmd.Stderr = stdoutEnd, stderrEnd
	if command.Stdin != "" {
		cmd.Stdin = strings.NewReader(command.Stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = drain // for input that a background process never reads

	err = cmd.Start()
	outputs.started()
	if err == nil {
		err = wait(ctx, cmd)
	}
	outputs.finish()
	result := Result{
		Stdout: valid(strings.TrimSuffix(stdout.String(), "\n")),
		Stderr: valid(strings.TrimSuffix(stderr.String(), "\n")),
	}
	if err != nil {
		what := command.Args[len(command.Args)-1]
		return result, fmt.Errorf("%w: running %q:\n%s", err, what, valid(last.String()))
	}
	return result, nil
}

// wait returns when the command has ended, by itself or because ctx is done.
func wait(ctx context.Context, cmd *exec.Cmd) error {
	group := cmd.Process.Pid
	tellGuard(started, group)
	defer tellGuard(ended, group)
	result := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil // the command itself ended well
		}
		result <- err
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		tellGuard(asked, group)
		askGroup(group)
		awaitGroup(group, grace)
		<-result
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return errors.New("stopped because it did not end within its timeout")
		}
		return errors.New("stopped because the operation was cancelled")
	}
}

// valid makes text acceptable to the engine, which takes only UTF-8.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// outputs copies what the command writes until all its ends are closed.
type outputs struct {
	copies        sync.WaitGroup
	reads, writes []*os.File
}

// add returns the write end of a pipe for a command.
func (o *outputs) add(whole, last io.Writer, onLine func(string)) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o.reads, o.writes = append(o.reads, read), append(o.writes, write)
	targets := []io.Writer{whole, last}
	split := &lines{emit: onLine}
	if onLine != nil {
		targets = append(targets, split)
	}
	o.copies.Add(1)
	go func() {
		defer o.copies.Done()
		// The only error is that finish closed the pipe.
		_, _ = io.Copy(io.MultiWriter(targets...), read)
		split.flush()
	}()
	return write, nil
}

// started closes this process's copies of the write ends.
func (o *outputs) started() {
	for _, file := range o.writes {
		file.Close()
	}
}

func (o *outputs) abandon() {
	o.started()
	o.finish()
}

// finish returns when everything is copied. A background process of the command may keep the
// pipes open: its later output is not awaited.
func (o *outputs) finish() {
	done := make(chan struct{})
	go func() {
		o.copies.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(drain):
	}
	for _, file := range o.reads {
		file.Close()
	}
	<-done
}
