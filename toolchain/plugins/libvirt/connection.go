package libvirt

import "golang.org/x/sync/singleflight"

// session is one connection to a libvirt daemon.
type session struct {
	// client is what the Terraform provider's functions get: its own *Client.
	client any
	// host makes the calls that this package needs beyond upstream's. Nil in tests.
	host *host
}

// connection is what Configure returns: it connects when a call needs it. A preview works before
// the daemon is installed, and `pulumi up` may start the daemon after Configure.
type connection struct {
	dial  func() (*session, error)
	alive func(*session) bool

	// Calls that come while a connection is being made wait for it and share its result.
	flight  singleflight.Group
	current *session
}

// open returns a session that answers now. A daemon that was restarted has closed the old one,
// which never comes back by itself. A failure is not remembered: the next call tries again.
func (c *connection) open() (*session, error) {
	opened, err, _ := c.flight.Do("", func() (any, error) {
		if c.current != nil && c.alive(c.current) {
			return c.current, nil
		}
		var err error
		c.current, err = c.dial()
		return c.current, err
	})
	if err != nil {
		return nil, err
	}
	return opened.(*session), nil
}
