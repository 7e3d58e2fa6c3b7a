package libvirt

import (
	"context"
	"errors"
	"strings"
	"testing"

	terraform "github.com/dmacvicar/terraform-provider-libvirt/libvirt"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	sdk "github.com/hashicorp/terraform-plugin-sdk/v2/terraform"
)

// daemon is a libvirt that can be down, and restarted; its clients are the numbers of its starts.
type daemon struct {
	down  bool
	start int
	dials int
	// things are what it has; calls are what upstream's functions were called with.
	things map[string]bool
	calls  []string
	// fails makes Read fail although the daemon answers; ends makes the next Read stop the daemon.
	fails, ends bool
	// vanishes makes an object go away while Delete runs.
	vanishes bool
}

func (d *daemon) dial(string) (*session, error) {
	d.dials++
	if d.down {
		return nil, errors.New("connection refused")
	}
	return &session{client: d.start}, nil
}

func (d *daemon) alive(s *session) bool { return !d.down && s.client == d.start }

// upstream is a provider as upstream writes it: it wants a client, and Delete wants the object.
func (d *daemon) upstream() *schema.Provider {
	note := func(name string, client any) diag.Diagnostics {
		d.calls = append(d.calls, name)
		if client.(int) != d.start || d.down {
			return diag.Errorf("%s: the connection is dead", name)
		}
		return nil
	}
	thing := &schema.Resource{
		Schema: map[string]*schema.Schema{"name": {Type: schema.TypeString, Required: true}},
		CreateContext: func(_ context.Context, data *schema.ResourceData, client any) diag.Diagnostics {
			data.SetId("made")
			return note("create", client)
		},
		ReadContext: func(_ context.Context, data *schema.ResourceData, client any) diag.Diagnostics {
			if d.ends {
				d.down, d.ends = true, false
			}
			if diags := note("read", client); diags != nil {
				return diags
			}
			if d.fails {
				return diag.Errorf("read: what it uses is gone")
			}
			if !d.things[data.Id()] {
				data.SetId("")
			}
			return nil
		},
		UpdateContext: func(_ context.Context, _ *schema.ResourceData, client any) diag.Diagnostics {
			return note("update", client)
		},
		DeleteContext: func(_ context.Context, data *schema.ResourceData, client any) diag.Diagnostics {
			if diags := note("delete", client); diags != nil {
				return diags
			}
			if d.vanishes {
				delete(d.things, data.Id())
			}
			if !d.things[data.Id()] {
				return diag.Errorf("delete: there is no such thing")
			}
			delete(d.things, data.Id())
			return nil
		},
	}
	read := func(data *schema.ResourceData, client any) error {
		data.SetId("read")
		if client == nil {
			return nil
		}
		if diags := note("source", client); diags != nil {
			return errors.New(diags[0].Summary)
		}
		return nil
	}
	template := func(data *schema.ResourceData, _ any) error { data.SetId("rendered"); return nil }
	return &schema.Provider{
		Schema:       map[string]*schema.Schema{"uri": {Type: schema.TypeString, Required: true}},
		ResourcesMap: map[string]*schema.Resource{"libvirt_thing": thing},
		DataSourcesMap: map[string]*schema.Resource{
			"libvirt_node_info":        {Read: read},
			"libvirt_network_template": {Read: template},
		},
	}
}

func (d *daemon) configured(t *testing.T) (*schema.Provider, *schema.Resource) {
	t.Helper()
	provider := forDayTwo(d.upstream(), d.dial, d.alive)
	config := sdk.NewResourceConfigRaw(map[string]any{"uri": "qemu:///system"})
	if diags := provider.Configure(context.Background(), config); diags.HasError() {
		t.Fatalf("Configure: %v", diags)
	}
	return provider, provider.ResourcesMap["libvirt_thing"]
}

func thing(resource *schema.Resource) *schema.ResourceData {
	return resource.Data(&sdk.InstanceState{ID: "one", Attributes: map[string]string{"id": "one", "name": "one"}})
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (d *daemon) expectCalls(t *testing.T, want string) {
	t.Helper()
	expect(t, "calls", strings.Join(d.calls, " "), want)
	d.calls = nil
}

func TestConnectsAtTheFirstCall(t *testing.T) {
	d := &daemon{down: true}
	provider, resource := d.configured(t)
	expect(t, "dials after Configure", d.dials, 0)

	ctx, meta := context.Background(), provider.Meta()
	expect(t, "Create without a daemon fails", resource.CreateContext(ctx, thing(resource), meta).HasError(), true)
	d.expectCalls(t, "")
	d.down = false
	for range 2 {
		expect(t, "Create fails", resource.CreateContext(ctx, thing(resource), meta).HasError(), false)
	}
	d.expectCalls(t, "create create")
	expect(t, "dials: a failure is not remembered, a connection is", d.dials, 2)
}

func TestConnectsAnewToARestartedDaemon(t *testing.T) {
	d := &daemon{things: map[string]bool{"one": true}}
	provider, resource := d.configured(t)
	for range 2 {
		diags := resource.UpdateContext(context.Background(), thing(resource), provider.Meta())
		expect(t, "Update fails", diags.HasError(), false)
		d.start++
	}
	expect(t, "dials", d.dials, 2)
}

func TestDataSourcesConnectUnlessTheyOnlyCompute(t *testing.T) {
	d := &daemon{down: true}
	provider, _ := d.configured(t)
	read := func(name string) diag.Diagnostics {
		source := provider.DataSourcesMap[name]
		if source.ReadContext == nil {
			return diag.FromErr(source.Read(source.Data(nil), provider.Meta()))
		}
		return source.ReadContext(context.Background(), source.Data(nil), provider.Meta())
	}
	expect(t, "template fails", read("libvirt_network_template").HasError(), false)
	expect(t, "node info without a daemon fails", read("libvirt_node_info").HasError(), true)
	d.down = false
	expect(t, "node info fails", read("libvirt_node_info").HasError(), false)
	d.expectCalls(t, "source")
}

func TestRefreshOutlivesTheDaemon(t *testing.T) {
	d := &daemon{down: true, things: map[string]bool{"one": true}}
	provider, resource := d.configured(t)
	keeps := func(when string) {
		t.Helper()
		data := thing(resource)
		diags := resource.ReadContext(context.Background(), data, provider.Meta())
		expect(t, when+": warnings", len(diags) == 1 && diags[0].Severity == diag.Warning, true)
		expect(t, when+": id and name", data.Id()+data.Get("name").(string), "oneone")
	}
	keeps("down before")
	d.down, d.ends = false, true
	keeps("down meanwhile")

	imported := resource.Data(&sdk.InstanceState{ID: "one"})
	diags := resource.ReadContext(context.Background(), imported, provider.Meta())
	expect(t, "an import without a daemon fails", diags.HasError(), true)

	d.down, d.fails = false, true
	diags = resource.ReadContext(context.Background(), thing(resource), provider.Meta())
	expect(t, "an error of a daemon that answers stays one", diags.HasError(), true)

	d.fails, d.things = false, nil
	data := thing(resource)
	expect(t, "Read of what is gone", len(resource.ReadContext(context.Background(), data, provider.Meta())), 0)
	expect(t, "its id", data.Id(), "")
}

func TestDeleteOfWhatIsGone(t *testing.T) {
	d := &daemon{}
	provider, resource := d.configured(t)
	fails := func() bool {
		return resource.DeleteContext(context.Background(), thing(resource), provider.Meta()).HasError()
	}
	expect(t, "gone before: fails", fails(), false)
	d.expectCalls(t, "read")

	d.things, d.vanishes = map[string]bool{"one": true}, true
	expect(t, "gone meanwhile: fails", fails(), false)

	d.things, d.vanishes, d.fails = map[string]bool{"one": true}, false, true
	expect(t, "there, but Read fails: fails", fails(), false)
	expect(t, "is still there", d.things["one"], false)
	expect(t, "what cannot be read nor deleted: fails", fails(), true)

	d.down = true
	expect(t, "without a daemon: fails", fails(), true)
}

// What forDayTwo takes for granted of upstream's code.
func TestUpstreamIsAsExpected(t *testing.T) {
	if _, err := callsOf(&terraform.Client{}); err != nil {
		t.Error(err)
	}
	provider := terraform.Provider()
	for name, r := range provider.ResourcesMap {
		if r.CreateContext == nil || r.ReadContext == nil || r.DeleteContext == nil || r.Update != nil || r.Exists != nil {
			t.Errorf("%s has functions of another form", name)
		}
		// "Required" tells a refresh from an import.
		if !r.Schema["name"].Required {
			t.Errorf("%s needs no name", name)
		}
	}
	for name, source := range provider.DataSourcesMap {
		if source.Read == nil && source.ReadContext == nil {
			t.Errorf("%s has a function of another form", name)
		}
	}
	if err := forDayTwo(provider, dial, alive).InternalValidate(); err != nil {
		t.Error(err)
	}
}
