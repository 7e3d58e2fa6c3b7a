package process

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test program plays the plugin and its guard as well.
func TestMain(m *testing.M) {
	switch {
	case IsGuard(os.Args):
		Guard()
	case os.Getenv("PLAY_PLUGIN") != "":
		ExitWithParent()
		_, _ = Run(context.Background(), shell("sleep 64 & echo $! >$PIDS; echo $$ >>$PIDS; wait"))
	case os.Getenv("PLAY_ENGINE") != "":
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PLAY_PLUGIN=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		_ = cmd.Run()
	default:
		os.Exit(m.Run())
	}
}

func itoa(number int) string { return strconv.Itoa(number) }

func TestKilledPluginLeavesNothing(t *testing.T) { killedLeavesNothing(t, "PLAY_PLUGIN=1") }

func TestKilledEngineLeavesNothing(t *testing.T) { killedLeavesNothing(t, "PLAY_ENGINE=1") }

func killedLeavesNothing(t *testing.T, role string) {
	pids := t.TempDir() + "/pids"
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role, "PIDS="+pids)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	running := readPids(t, pids, 2)
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
	for _, pid := range running {
		waitUntilGone(t, pid)
	}
}

func TestGuardForgetsWhatEnded(t *testing.T) {
	sleep := exec.Command("sleep", "65")
	sleep.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	group := itoa(sleep.Process.Pid)
	watchGroups(strings.NewReader("+"+group+"\nnonsense\n-"+group+"\n"), time.Second)
	if err := syscall.Kill(sleep.Process.Pid, 0); err != nil {
		t.Error("it was ended")
	}
	_ = sleep.Process.Kill()
	_ = sleep.Wait()
}

func TestGuardGivesNoSecondGrace(t *testing.T) {
	sleep := exec.Command("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
	sleep.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		group := itoa(sleep.Process.Pid)
		_, _ = write.WriteString("+" + group + "\n?" + group + "\n")
		time.Sleep(time.Second)
		_ = write.Close()
	}()
	start := time.Now()
	watchGroups(read, 2*time.Second)
	if took := time.Since(start); took < 2*time.Second || took > 2900*time.Millisecond {
		t.Errorf("took %s", took)
	}
	_ = sleep.Wait()
	waitUntilGone(t, sleep.Process.Pid)
}

// readPids waits until the file has that many lines.
func readPids(t *testing.T, path string, count int) []int {
	t.Helper()
	for range 200 {
		text, _ := os.ReadFile(path)
		if fields := strings.Fields(string(text)); len(fields) == count {
			var pids []int
			for _, field := range fields {
				pid, err := strconv.Atoi(field)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
			return pids
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s never had %d lines", path, count)
	return nil
}

func waitUntilGone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		if !alive(pid) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

// alive does not count a zombie: its adoptive parent may never reap it.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
