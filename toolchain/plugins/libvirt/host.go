package libvirt

import (
	"errors"
	"strings"

	golibvirt "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
)

// host makes libvirt calls that upstream's functions lack.
type host struct{ *golibvirt.Libvirt }

func is(err error, code golibvirt.ErrorNumber) bool {
	var answer golibvirt.Error
	return errors.As(err, &answer) && answer.Code == uint32(code)
}

// stopDomain ends a domain in any state. Upstream stops only running and paused ones: it fails
// where the guest ends meanwhile, and leaves a process behind where the guest sleeps or crashed.
func (h *host) stopDomain(id string) error {
	domain, err := h.DomainLookupByUUID(golibvirt.UUID(uuid.MustParse(id)))
	if err == nil {
		err = h.DomainDestroy(domain)
	}
	// Invalid: it is not running.
	if is(err, golibvirt.ErrNoDomain) || is(err, golibvirt.ErrOperationInvalid) {
		return nil
	}
	return err
}

// remakeDirectory makes the directory of a pool anew where it was removed: upstream's Delete must
// have one to remove.
func (h *host) remakeDirectory(id string) error {
	pool, err := h.StoragePoolLookupByUUID(golibvirt.UUID(uuid.MustParse(id)))
	if err != nil {
		return nil // Delete says so, unless it is only gone.
	}
	if h.StoragePoolRefresh(pool, 0) == nil {
		return nil
	}
	description, err := h.StoragePoolGetXMLDesc(pool, 0)
	if err != nil || !strings.HasPrefix(description, "<pool type='dir'>") {
		return err
	}
	return h.StoragePoolBuild(pool, 0)
}

// rereadPool makes libvirt look into a pool's directory, so that it forgets volumes whose files
// are gone. It says whether there is such a pool.
func (h *host) rereadPool(name string) bool {
	pool, err := h.StoragePoolLookupByName(name)
	if err != nil {
		return !is(err, golibvirt.ErrNoStoragePool)
	}
	// libvirt stops a pool that it cannot read, and lists nothing in it: both are an answer.
	_ = h.StoragePoolRefresh(pool, 0)
	return true
}
