package libvirt

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	golibvirt "github.com/digitalocean/go-libvirt"
	terraform "github.com/dmacvicar/terraform-provider-libvirt/libvirt"
	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	sdk "github.com/hashicorp/terraform-plugin-sdk/v2/terraform"
)

// lab is a libvirtd of the test's own, and the real provider on it.
type lab struct {
	*testing.T
	dir      string
	process  *exec.Cmd
	provider *schema.Provider
}

func newLab(t *testing.T, driver string) *lab {
	t.Helper()
	if _, err := exec.LookPath("libvirtd"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs libvirtd and root")
	}
	// The path of a socket has at most 107 bytes, so not t.TempDir.
	dir, err := os.MkdirTemp("", "lv")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{T: t, dir: dir, provider: forDayTwo(terraform.Provider(), dial, alive)}
	t.Cleanup(func() {
		l.stop()
		_ = os.RemoveAll(dir)
	})
	config := sdk.NewResourceConfigRaw(map[string]any{"uri": driver + "?socket=" + dir + "/libvirt-sock"})
	if diags := l.provider.Configure(context.Background(), config); diags.HasError() {
		t.Fatal(diags)
	}
	l.start()
	return l
}

func (l *lab) start() {
	l.Helper()
	l.process = exec.Command("testdata/libvirtd.sh", l.dir)
	if err := l.process.Start(); err != nil {
		l.Fatal(err)
	}
	for range 600 {
		if _, err := l.provider.Meta().(*connection).open(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	l.Fatal("libvirtd does not answer")
}

func (l *lab) stop() {
	if l.process != nil {
		_ = l.process.Process.Signal(syscall.SIGTERM)
		_ = l.process.Wait()
		l.process = nil
	}
}

func (l *lab) host() *host {
	l.Helper()
	session, err := l.provider.Meta().(*connection).open()
	l.must(err)
	return session.host
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// create makes an object and returns its state.
func (l *lab) create(kind string, values map[string]any) *schema.ResourceData {
	l.Helper()
	resource := l.provider.ResourcesMap[kind]
	data := schema.TestResourceDataRaw(l, resource.Schema, values)
	l.ok(resource.CreateContext(context.Background(), data, l.provider.Meta()))
	return resource.Data(data.State())
}

func (l *lab) read(kind string, data *schema.ResourceData) diag.Diagnostics {
	return l.provider.ResourcesMap[kind].ReadContext(context.Background(), data, l.provider.Meta())
}

// delete must succeed at once.
func (l *lab) delete(kind string, data *schema.ResourceData) {
	l.Helper()
	start := time.Now()
	l.ok(l.provider.ResourcesMap[kind].DeleteContext(context.Background(), data, l.provider.Meta()))
	if took := time.Since(start); took > 10*time.Second {
		l.Errorf("delete of %s took %s", kind, took)
	}
}

func (l *lab) ok(diags diag.Diagnostics) {
	l.Helper()
	if len(diags) > 0 {
		l.Fatal(diags)
	}
}

func (l *lab) expectGone(kind string, data *schema.ResourceData) {
	l.Helper()
	l.ok(l.read(kind, data))
	expect(l.T, "id of what is gone", data.Id(), "")
}

func (l *lab) pool(name string) *schema.ResourceData {
	l.Helper()
	target := []any{map[string]any{"path": filepath.Join(l.dir, name)}}
	return l.create("libvirt_pool", map[string]any{"name": name, "type": "dir", "target": target})
}

func (l *lab) stopPool() golibvirt.StoragePool {
	l.Helper()
	pool, err := l.host().StoragePoolLookupByName("pool")
	l.must(err)
	l.must(l.host().StoragePoolDestroy(pool))
	return pool
}

func (l *lab) volume(name string) *schema.ResourceData {
	l.Helper()
	return l.create("libvirt_volume", map[string]any{"name": name, "pool": "pool", "size": 4096})
}

func TestRestartOfLibvirtd(t *testing.T) {
	l := newLab(t, "qemu:///system")
	pool := l.pool("pool")
	l.ok(l.read("libvirt_pool", pool))
	l.stop()
	diags := l.read("libvirt_pool", pool)
	expect(t, "one warning", len(diags) == 1 && diags[0].Severity == diag.Warning, true)
	expect(t, "name", pool.Get("name"), "pool")
	l.start()
	l.ok(l.read("libvirt_pool", pool))
	l.delete("libvirt_pool", pool)
}

func TestStorageThatIsGone(t *testing.T) {
	l := newLab(t, "qemu:///system")
	pool := l.pool("pool")
	volume := l.volume("removed")
	l.must(os.Remove(filepath.Join(l.dir, "pool/removed")))
	l.delete("libvirt_volume", volume)
	l.expectGone("libvirt_volume", volume)

	// The whole directory, as `rm -rf` of the lab's folder does it.
	volume = l.volume("lost")
	l.must(os.RemoveAll(filepath.Join(l.dir, "pool")))
	l.delete("libvirt_volume", volume)
	l.delete("libvirt_pool", pool)
	l.delete("libvirt_pool", pool)

	// The pool's definition only.
	pool = l.pool("pool")
	volume = l.volume("forgotten")
	l.must(l.host().StoragePoolUndefine(l.stopPool()))
	// Its files are there, and come back with the pool.
	diags := l.read("libvirt_volume", volume)
	expect(t, "one warning", len(diags) == 1 && diags[0].Severity == diag.Warning, true)
	expect(t, "name", volume.Get("name"), "forgotten")
	l.expectGone("libvirt_pool", pool)
	l.delete("libvirt_volume", volume)
}

// A domain whose pool is gone is not gone, and a refresh does not fail over it.
func TestDomainWithoutItsStorage(t *testing.T) {
	l := newLab(t, "qemu:///system")
	pool := l.pool("pool")
	volume := l.volume("disk.qcow2")
	guest, err := l.host().DomainDefineXML("<domain type='qemu'><name>guest</name><memory>65536</memory>" +
		"<os><type arch='x86_64'>hvm</type></os><devices><disk type='file'><source file='" + volume.Id() +
		"'/><target dev='vda'/></disk></devices></domain>")
	l.must(err)
	domain := l.provider.ResourcesMap["libvirt_domain"].Data(&sdk.InstanceState{
		ID: uuid.UUID(guest.UUID).String(), Attributes: map[string]string{"name": "guest"},
	})
	l.ok(l.read("libvirt_domain", domain))
	l.must(l.host().StoragePoolUndefine(l.stopPool()))
	diags := l.read("libvirt_domain", domain)
	expect(t, "one warning", len(diags) == 1 && diags[0].Severity == diag.Warning, true)
	expect(t, "name", domain.Get("name"), "guest")
	l.expectGone("libvirt_pool", pool)
	l.delete("libvirt_domain", domain)
	l.expectGone("libvirt_domain", domain)
}

// Files that no state knows, such as a disk that a refresh has forgotten, are not the pool's to remove.
func TestPoolWithFilesOfOthers(t *testing.T) {
	l := newLab(t, "qemu:///system")
	pool := l.pool("pool")
	file := filepath.Join(l.dir, "pool/other")
	l.must(os.WriteFile(file, []byte("x"), 0o600))
	l.delete("libvirt_pool", pool)
	l.expectGone("libvirt_pool", pool)
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	// A run of an earlier version has stopped it and failed then.
	pool = l.pool("pool")
	l.stopPool()
	l.delete("libvirt_pool", pool)
	l.expectGone("libvirt_pool", pool)
}

// A stopped pool hides its volumes; they are there.
func TestVolumeInAStoppedPool(t *testing.T) {
	l := newLab(t, "qemu:///system")
	l.pool("pool")
	volume := l.volume("there")
	l.stopPool()
	l.delete("libvirt_volume", volume)
	if _, err := os.Stat(filepath.Join(l.dir, "pool/there")); !os.IsNotExist(err) {
		t.Errorf("the file is left: %v", err)
	}
}

func TestNetworkThatIsGone(t *testing.T) {
	l := newLab(t, "qemu:///system")
	network := l.create("libvirt_network", map[string]any{"name": "net", "mode": "none"})
	found, err := l.host().NetworkLookupByName("net")
	l.must(err)
	l.must(l.host().NetworkDestroy(found))
	l.must(l.host().NetworkUndefine(found))
	l.delete("libvirt_network", network)
	l.expectGone("libvirt_network", network)
}

// Guests of libvirt's test driver, which run nowhere, in every state that it knows.
func TestStopDomainInAnyState(t *testing.T) {
	file := filepath.Join(t.TempDir(), "node.xml")
	states := map[string]string{"1": "running", "3": "paused", "5": "shut-off", "6": "crashed", "7": "asleep"}
	node := "<node>"
	for number, name := range states {
		node += "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>" + name +
			"</name><memory>8192</memory><os><type>hvm</type></os><test:runstate>" + number + "</test:runstate></domain>"
	}
	if err := os.WriteFile(file, []byte(node+"</node>"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, "test://"+file)
	for _, name := range states {
		domain, err := l.host().DomainLookupByName(name)
		l.must(err)
		l.must(l.host().stopDomain(uuid.UUID(domain.UUID).String()))
		active, err := l.host().DomainIsActive(domain)
		l.must(err)
		expect(t, name+" is active", active, int32(0))
	}
	l.must(l.host().stopDomain(uuid.NewString()))
}

func TestDomainThatIsShutOffOrGone(t *testing.T) {
	l := newLab(t, "qemu:///system")
	domain, err := l.host().DomainDefineXML("<domain type='qemu'><name>guest</name><memory>65536</memory>" +
		"<os><type arch='x86_64'>hvm</type></os></domain>")
	l.must(err)
	resource := l.provider.ResourcesMap["libvirt_domain"]
	data := resource.Data(&sdk.InstanceState{ID: uuid.UUID(domain.UUID).String()})
	for range 2 {
		l.delete("libvirt_domain", data)
		if _, err := l.host().DomainLookupByUUID(domain.UUID); !is(err, golibvirt.ErrNoDomain) {
			t.Errorf("it is left: %v", err)
		}
	}
	l.expectGone("libvirt_domain", data)
}
