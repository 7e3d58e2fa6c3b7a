package process

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// guardArgument makes this program a guard instead of a plugin.
const guardArgument = "--guard-process-groups"

// Messages to the guard about a group: this byte, then its number, one per line.
const (
	started = '+'
	asked   = '?' // to end; its grace has begun
	ended   = '-'
)

// The guard is a second process of this program. A pipe tells it which groups are running; when
// the pipe closes, this program is gone, perhaps killed, and the guard ends the groups.
var guard struct {
	once  sync.Once
	mutex sync.Mutex
	pipe  io.Writer
}

// IsGuard says whether main must call only Guard.
func IsGuard(args []string) bool { return len(args) == 2 && args[1] == guardArgument }

// Guard runs the guard to its end.
func Guard() {
	// What ends the plugin must not end its guard too.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	watchGroups(os.Stdin, grace)
}

// watchGroups reads messages until the pipe closes, and then ends the remaining groups.
func watchGroups(pipe io.Reader, grace time.Duration) {
	running := map[int]time.Time{} // when it was asked to end, if it was
	scanner := bufio.NewScanner(pipe)
	for scanner.Scan() {
		line := scanner.Text()
		if line == "" {
			continue
		}
		group, err := strconv.Atoi(line[1:])
		if err != nil {
			continue
		}
		switch line[0] {
		case started:
			running[group] = time.Time{}
		case asked:
			running[group] = time.Now()
		case ended:
			delete(running, group)
		}
	}
	var ends sync.WaitGroup
	for group, since := range running {
		ends.Go(func() {
			if since.IsZero() {
				askGroup(group)
				since = time.Now()
			}
			awaitGroup(group, grace-time.Since(since))
		})
	}
	ends.Wait()
}

func tellGuard(what rune, group int) {
	guard.once.Do(startGuard)
	guard.mutex.Lock()
	defer guard.mutex.Unlock()
	if guard.pipe != nil {
		// A lost guard cannot be replaced; commands run all the same.
		_, _ = fmt.Fprintf(guard.pipe, "%c%d\n", what, group)
	}
}

func startGuard() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	cmd := exec.Command(self, guardArgument)
	// In its own session, out of reach of signals to the plugin's group. Its output is discarded,
	// because the engine reads the plugin's until the last holder closes it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	guard.pipe = pipe
}
