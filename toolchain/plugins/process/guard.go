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

// The guard is a second process of this program. It learns through a pipe which groups are
// running; when the pipe closes this program is gone, killed perhaps, and the guard ends them.
var guard struct {
	once  sync.Once
	mutex sync.Mutex
	pipe  io.Writer
}

// IsGuard says whether main shall call Guard and nothing else.
func IsGuard(args []string) bool { return len(args) == 2 && args[1] == guardArgument }

// Guard is the guard's whole life.
func Guard() {
	// Whoever ends the plugin must not end its guard with it.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	watchGroups(os.Stdin, grace)
}

// watchGroups reads "+GROUP" and "-GROUP" lines until the pipe closes, and then ends the groups
// that are left.
func watchGroups(pipe io.Reader, grace time.Duration) {
	running := map[int]bool{}
	scanner := bufio.NewScanner(pipe)
	for scanner.Scan() {
		group, err := strconv.Atoi(scanner.Text())
		switch {
		case err != nil || group == 0:
			continue
		case group > 0:
			running[group] = true
		default:
			delete(running, -group)
		}
	}
	var ends sync.WaitGroup
	for group := range running {
		ends.Go(func() { endGroup(group, grace) })
	}
	ends.Wait()
}

func guarded(group int) {
	guard.once.Do(startGuard)
	tellGuard(group)
}

func released(group int) { tellGuard(-group) }

func tellGuard(group int) {
	guard.mutex.Lock()
	defer guard.mutex.Unlock()
	if guard.pipe != nil {
		// A guard that is gone cannot be helped; commands run all the same.
		_, _ = fmt.Fprintf(guard.pipe, "%+d\n", group)
	}
}

func startGuard() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	cmd := exec.Command(self, guardArgument)
	// In a session of its own, out of the reach of signals to the plugin's group. Its output
	// goes nowhere, because the engine reads the plugin's until the last holder closes it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	guard.pipe = pipe
}
