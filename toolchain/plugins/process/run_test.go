package process

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func shell(script string) Command {
	return Command{Args: []string{"/bin/sh", "-c", script}, Env: os.Environ()}
}

func TestOutputAndInput(t *testing.T) {
	command := shell("cat; echo to-stderr >&2")
	command.Stdin = "one\ntwo\n"
	result, err := Run(t.Context(), command)
	if err != nil || result.Stdout != "one\ntwo" || result.Stderr != "to-stderr" {
		t.Fatalf("got %q, %v", result, err)
	}
}

func TestInputThatIsNotRead(t *testing.T) {
	command := shell("exit 0")
	command.Stdin = strings.Repeat("x", 1<<20)
	if _, err := Run(t.Context(), command); err != nil {
		t.Fatal(err)
	}
}

func TestOutputIsMadeUTF8(t *testing.T) {
	result, err := Run(t.Context(), shell(`printf 'a\377b'`))
	if err != nil || result.Stdout != "a\uFFFDb" {
		t.Fatalf("got %q, %v", result.Stdout, err)
	}
}

func TestErrorSaysStatusCommandAndLastOutput(t *testing.T) {
	_, err := Run(t.Context(), shell("head -c 100000 /dev/zero | tr '\\0' x; echo the reason >&2; exit 7"))
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	for _, part := range []string{"exit status 7", "the reason", "bytes before"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the error", part)
		}
	}
	if len(text) > tailSize+1000 {
		t.Errorf("the error is %d bytes long", len(text))
	}
}

func TestCommandThatCannotStart(t *testing.T) {
	if _, err := Run(t.Context(), Command{Args: []string{"/no/such/program"}}); err == nil {
		t.Fatal("no error")
	}
}

func TestLinesOfAnyLength(t *testing.T) {
	for _, length := range []int{10, 64 << 10, 200_000, longest + 10} {
		var mutex sync.Mutex
		var got []string
		command := shell("head -c $LENGTH /dev/zero | tr '\\0' x; echo; echo end")
		command.Env = append(command.Env, "LENGTH="+itoa(length))
		command.OnStdout = func(line string) {
			mutex.Lock()
			defer mutex.Unlock()
			got = append(got, line)
		}
		result, err := Run(t.Context(), command)
		if err != nil {
			t.Fatal(err)
		}
		if whole := strings.Join(got, ""); len(whole) != length+len("end") {
			t.Errorf("%d bytes of %d were passed on", len(whole), length)
		}
		if len(result.Stdout) != length+len("\nend") {
			t.Errorf("stdout is %d bytes long", len(result.Stdout))
		}
	}
}

func TestLinesComeWhileTheCommandRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	command := shell("echo first; sleep 60")
	command.OnStdout = func(string) { cancel() }
	start := time.Now()
	if _, err := Run(ctx, command); err == nil || time.Since(start) > 10*time.Second {
		t.Fatalf("after %s: %v", time.Since(start), err)
	}
}

func TestTimeoutEndsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	pids := t.TempDir() + "/pids"
	command := shell("sleep 61 & echo $! >$PIDS; (sleep 62 & echo $! >>$PIDS; wait) & wait")
	command.Env = append(command.Env, "PIDS="+pids)
	_, err := Run(ctx, command)
	if err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Fatalf("got %v", err)
	}
	for _, pid := range readPids(t, pids, 2) {
		waitUntilGone(t, pid)
	}
}

func TestGraceThenKill(t *testing.T) {
	ready := t.TempDir() + "/ready"
	cmdErr := make(chan error, 1)
	command := shell("trap '' TERM; echo $$ >$READY; while :; do sleep 0.1; done")
	command.Env = append(command.Env, "READY="+ready)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, err := Run(ctx, command); cmdErr <- err }()
	pid := readPids(t, ready, 1)[0]
	start := time.Now()
	askGroup(pid)
	awaitGroup(pid, 300*time.Millisecond)
	waitUntilGone(t, pid)
	if took := time.Since(start); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	<-cmdErr
}

func TestBackgroundProcessThatKeepsTheOutputOpen(t *testing.T) {
	pids := t.TempDir() + "/pids"
	command := shell("sleep 63 & echo $! >$PIDS; echo done")
	command.Env = append(command.Env, "PIDS="+pids)
	start := time.Now()
	result, err := Run(t.Context(), command)
	if err != nil || result.Stdout != "done" {
		t.Fatalf("got %q, %v", result.Stdout, err)
	}
	if took := time.Since(start); took > drain+3*time.Second {
		t.Errorf("took %s", took)
	}
	pid := readPids(t, pids, 1)[0]
	if syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Error("the background process was ended with the command")
	}
}
