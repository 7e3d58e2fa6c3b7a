package libvirt

import (
	"context"
	"fmt"
	"maps"

	golibvirt "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"libvirt.org/go/libvirtxml"
)

// inPlace is a change that upstream makes by deleting the object and creating another one.
type inPlace struct {
	attributes []string
	change     func(*host, *schema.ResourceData) error
}

// changesInPlace keeps a device's disk and its contents: more memory must not reinstall it.
var changesInPlace = map[string]inPlace{
	"libvirt_domain": {[]string{"memory", "vcpu"}, func(h *host, d *schema.ResourceData) error {
		return h.resizeDomain(d.Id(), d.Get("memory").(int), d.Get("vcpu").(int))
	}},
	"libvirt_volume": {[]string{"size"}, func(h *host, d *schema.ResourceData) error {
		before, now := d.GetChange("size")
		if now.(int) < before.(int) {
			return fmt.Errorf("volume %s has %d bytes and cannot shrink to %d", d.Get("name"), before, now)
		}
		return h.growVolume(d.Id(), uint64(now.(int)))
	}},
}

// fit makes the attributes need no new object: upstream's Update, if there is one, comes after the change.
func (c inPlace) fit(resource *schema.Resource) {
	resource.Schema = maps.Clone(resource.SchemaMap())
	for _, name := range c.attributes {
		attribute := *resource.Schema[name]
		attribute.ForceNew = false
		resource.Schema[name] = &attribute
	}
	rest := resource.UpdateContext
	resource.UpdateContext = func(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
		session, err := meta.(*connection).open()
		if err != nil {
			d.Partial(true)
			return diag.FromErr(err)
		}
		if d.HasChanges(c.attributes...) {
			if err := c.change(session.host, d); err != nil {
				// The state keeps what the object has; the next run tries again.
				d.Partial(true)
				return diag.FromErr(err)
			}
		}
		if rest == nil {
			return nil
		}
		return rest(ctx, d, meta)
	}
}

// resizeDomain changes a domain's definition; a running domain gets it when it is switched off and on. libvirt allows
// no more than the maximum, and lowers the current value with it, so the maximum comes first.
func (h *host) resizeDomain(id string, memoryMiB, vcpus int) error {
	domain, err := h.DomainLookupByUUID(golibvirt.UUID(uuid.MustParse(id)))
	if err != nil {
		return err
	}
	for _, maximum := range []golibvirt.DomainMemoryModFlags{golibvirt.DomainMemMaximum, 0} {
		flags := uint32(golibvirt.DomainMemConfig | maximum)
		if err := h.DomainSetMemoryFlags(domain, uint64(memoryMiB)*1024, flags); err != nil {
			return err
		}
	}
	for _, maximum := range []golibvirt.DomainVCPUFlags{golibvirt.DomainVCPUMaximum, 0} {
		flags := uint32(golibvirt.DomainVCPUConfig | maximum)
		if err := h.DomainSetVcpusFlags(domain, uint32(vcpus), flags); err != nil {
			return err
		}
	}
	return nil
}

// growVolume makes a disk larger; its key is its path. QEMU holds the file of a running domain's disk, so it must do it.
func (h *host) growVolume(path string, bytes uint64) error {
	domains, _, err := h.ConnectListAllDomains(1, golibvirt.ConnectListDomainsActive)
	if err != nil {
		return err
	}
	for _, domain := range domains {
		has, err := h.hasDisk(domain, path)
		if err != nil {
			return err
		}
		if has {
			return h.DomainBlockResize(domain, path, bytes, golibvirt.DomainBlockResizeBytes)
		}
	}
	volume, err := h.StorageVolLookupByKey(path)
	if err != nil {
		return err
	}
	return h.StorageVolResize(volume, bytes, 0)
}

func (h *host) hasDisk(domain golibvirt.Domain, path string) (bool, error) {
	description, err := h.DomainGetXMLDesc(domain, 0)
	if is(err, golibvirt.ErrNoDomain) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var definition libvirtxml.Domain
	if err := definition.Unmarshal(description); err != nil || definition.Devices == nil {
		return false, err
	}
	for _, disk := range definition.Devices.Disks {
		if disk.Source != nil && disk.Source.File != nil && disk.Source.File.File == path {
			return true, nil
		}
	}
	return false, nil
}
