package process

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// askGroup asks all processes of a group to end.
func askGroup(group int) {
	signalGroup(group, syscall.SIGTERM)
	signalGroup(group, syscall.SIGCONT) // a stopped process takes no SIGTERM
}

// awaitGroup returns as soon as the group is empty, and kills what is left after the grace.
func awaitGroup(group int, grace time.Duration) {
	deadline := time.Now().Add(grace)
	for time.Now().Before(deadline) {
		if groupEmpty(group) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	signalGroup(group, syscall.SIGKILL)
}

func signalGroup(group int, signal syscall.Signal) {
	// It may have ended already; no other error can be handled here.
	_ = syscall.Kill(-group, signal)
}

// groupEmpty says whether no process of the group runs. Zombies do not count: in a container
// PID 1 may never reap the orphans that it adopts.
func groupEmpty(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return true
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return false
	}
	for _, path := range stats {
		if runningIn(path, group) {
			return false
		}
	}
	return true
}

// runningIn reads one /proc/PID/stat, "PID (NAME) STATE PARENT GROUP ...".
func runningIn(path string, group int) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false // it ended meanwhile
	}
	// NAME may contain spaces and parentheses.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	return len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(group)
}
