package libvirt

import (
	"context"
	"strings"
	"testing"

	golibvirt "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	sdk "github.com/hashicorp/terraform-plugin-sdk/v2/terraform"
)

// plan is what a change of some values asks for.
func (l *lab) plan(kind string, data *schema.ResourceData, values map[string]any) *sdk.InstanceDiff {
	l.Helper()
	config := sdk.NewResourceConfigRaw(values)
	diff, err := l.provider.ResourcesMap[kind].Diff(context.Background(), data.State(), config, l.provider.Meta())
	l.must(err)
	return diff
}

func (l *lab) apply(kind string, data *schema.ResourceData, diff *sdk.InstanceDiff) (*sdk.InstanceState, diag.Diagnostics) {
	l.Helper()
	return l.provider.ResourcesMap[kind].Apply(context.Background(), data.State(), diff, l.provider.Meta())
}

func TestMemoryAndVcpusChangeInPlace(t *testing.T) {
	l := newLab(t, "qemu:///system")
	domain, err := l.host().DomainDefineXML("<domain type='qemu'><name>guest</name><memory unit='MiB'>64</memory>" +
		"<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os></domain>")
	l.must(err)
	for _, size := range []struct{ memory, vcpus int }{{128, 3}, {96, 1}} {
		l.must(l.host().resizeDomain(uuid.UUID(domain.UUID).String(), size.memory, size.vcpus))
		_, maximum, memory, vcpus, _, err := l.host().DomainGetInfo(domain)
		l.must(err)
		expect(t, "maximum, KiB", maximum, uint64(size.memory*1024))
		expect(t, "memory, KiB", memory, uint64(size.memory*1024))
		expect(t, "vcpus", int(vcpus), size.vcpus)
	}
	data := l.provider.ResourcesMap["libvirt_domain"].Data(&sdk.InstanceState{
		ID:         uuid.UUID(domain.UUID).String(),
		Attributes: map[string]string{"name": "guest", "memory": "96", "vcpu": "1"},
	})
	plan := l.plan("libvirt_domain", data, map[string]any{"name": "guest", "memory": 128, "vcpu": 2})
	for _, name := range []string{"memory", "vcpu"} {
		change, has := plan.Attributes[name]
		expect(t, name+" changes", has, true)
		expect(t, name+" needs a new domain", has && change.RequiresNew, false)
	}
}

func TestVolumeGrowsInPlaceAndDoesNotShrink(t *testing.T) {
	l := newLab(t, "qemu:///system")
	l.pool("pool")
	data := l.volume("disk")
	with := func(size int) map[string]any { return map[string]any{"name": "disk", "pool": "pool", "size": size} }
	grow := l.plan("libvirt_volume", data, with(1<<20))
	expect(t, "growth needs a new volume", grow.RequiresNew(), false)
	state, diags := l.apply("libvirt_volume", data, grow)
	l.ok(diags)
	volume, err := l.host().StorageVolLookupByKey(state.ID)
	l.must(err)
	_, capacity, _, err := l.host().StorageVolGetInfo(volume)
	l.must(err)
	expect(t, "capacity", capacity, uint64(1<<20))

	data = l.provider.ResourcesMap["libvirt_volume"].Data(state)
	state, diags = l.apply("libvirt_volume", data, l.plan("libvirt_volume", data, with(4096)))
	expect(t, "shrinking fails", diags.HasError(), true)
	expect(t, "size in the state after that", state.Attributes["size"], "1048576")
	if len(diags) > 0 && !strings.Contains(diags[0].Summary, "cannot shrink") {
		t.Error(diags)
	}
}

// A disk of a running domain is resized by its QEMU.
func TestDiskOfADomainIsFound(t *testing.T) {
	l := newLab(t, "qemu:///system")
	domain, err := l.host().DomainDefineXML("<domain type='qemu'><name>guest</name><memory>65536</memory>" +
		"<os><type arch='x86_64'>hvm</type></os><devices><disk type='file'><source file='/a &amp; b.qcow2'/>" +
		"<target dev='vda' bus='virtio'/></disk></devices></domain>")
	l.must(err)
	for path, want := range map[string]bool{"/a & b.qcow2": true, "/a": false} {
		has, err := l.host().hasDisk(domain, path)
		l.must(err)
		expect(t, path, has, want)
	}
	has, err := l.host().hasDisk(golibvirt.Domain{Name: "gone"}, "/a")
	l.must(err)
	expect(t, "of what is gone", has, false)
}
