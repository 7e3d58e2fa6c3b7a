package process

import (
	"os"
	"time"
)

// ExitWithParent ends this program soon after its parent, the engine, is gone: one that was
// killed cannot tell its plugins to stop. The guard then ends the commands that were running.
func ExitWithParent() {
	parent := os.Getppid()
	go func() {
		for range time.Tick(500 * time.Millisecond) {
			if os.Getppid() != parent {
				os.Exit(1)
			}
		}
	}()
}
