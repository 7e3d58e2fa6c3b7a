package libvirt

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	golibvirt "github.com/digitalocean/go-libvirt"
	terraform "github.com/dmacvicar/terraform-provider-libvirt/libvirt"
)

// A daemon can accept connections and never answer. As long as assets/host/lib/libvirtd.sh waits.
const answerTimeout = 60 * time.Second

// dial connects past upstream's Configure, which keeps one client a URI for ever, also a dead one.
func dial(uri string) (*session, error) {
	return within(answerTimeout, func() (*session, error) {
		client, err := (&terraform.Config{URI: uri}).Client()
		if err != nil {
			return nil, err
		}
		calls, err := callsOf(client)
		if err != nil {
			return nil, err
		}
		return &session{client: client, host: &host{calls}}, nil
	})
}

// callsOf reads a private field of upstream's client: it has no accessor, and a second connection
// would double the ssh sessions to a remote host. A test notices where the field is renamed.
func callsOf(client *terraform.Client) (*golibvirt.Libvirt, error) {
	field := reflect.ValueOf(client).Elem().FieldByName("libvirt")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*golibvirt.Libvirt]() {
		return nil, errors.New("the Terraform provider's Client has no field libvirt of type *libvirt.Libvirt")
	}
	return (*golibvirt.Libvirt)(field.UnsafePointer()), nil
}

// alive asks the daemon something cheap: a host that lost its power closes no connection.
func alive(s *session) bool {
	if !s.host.IsConnected() {
		return false
	}
	_, err := within(answerTimeout, s.host.ConnectGetLibVersion)
	return err == nil
}

// within gives up after a time; what goes on asking ends with the connection or the plugin.
func within[T any](limit time.Duration, ask func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := ask()
		answered <- answer{value, err}
	}()
	select {
	case got := <-answered:
		return got.value, got.err
	case <-time.After(limit):
		var none T
		return none, fmt.Errorf("libvirt did not answer within %s", limit)
	}
}
