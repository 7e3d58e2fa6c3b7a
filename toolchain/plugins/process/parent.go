package process

import (
	"os"
	"syscall"
	"time"
)

// ExitWithParent ends this program soon after its parent, the engine, is gone: a killed engine
// cannot tell its plugins to stop. What this program started in its own process group ends with
// it; commands have their own groups, which the guard ends.
func ExitWithParent() {
	parent := os.Getppid()
	go func() {
		for range time.Tick(500 * time.Millisecond) {
			if os.Getppid() == parent {
				continue
			}
			if syscall.Getpgrp() == os.Getpid() {
				signalGroup(os.Getpid(), syscall.SIGKILL)
			}
			os.Exit(1)
		}
	}()
}
