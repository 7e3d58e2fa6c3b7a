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

// readyPool makes a pool fit for upstream's Delete, which removes its directory: one that was
// removed is made anew. A directory with files that the state does not know must stay: then the pool
// itself is removed here.
func (h *host) readyPool(id string) error {
	pool, err := h.StoragePoolLookupByUUID(golibvirt.UUID(uuid.MustParse(id)))
	if err != nil {
		return nil // Delete says so, unless it is only gone.
	}
	if h.StoragePoolRefresh(pool, 0) != nil {
		if again, err := h.startDirectory(pool); !again {
			return err
		}
	}
	files, err := h.StoragePoolNumOfVolumes(pool)
	if err != nil || files == 0 {
		return err
	}
	if err := h.StoragePoolDestroy(pool); err != nil {
		return err
	}
	return h.StoragePoolUndefine(pool)
}

// startDirectory starts a pool that is a directory, and makes that if it is gone. It says whether
// the pool is one.
func (h *host) startDirectory(pool golibvirt.StoragePool) (bool, error) {
	description, err := h.StoragePoolGetXMLDesc(pool, 0)
	if err != nil || !strings.HasPrefix(description, "<pool type='dir'>") {
		return false, err
	}
	if err := h.StoragePoolBuild(pool, 0); err != nil {
		return false, err
	}
	// libvirt has stopped it when it could not read it.
	if err := h.StoragePoolCreate(pool, 0); err != nil {
		return false, err
	}
	return true, nil
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
