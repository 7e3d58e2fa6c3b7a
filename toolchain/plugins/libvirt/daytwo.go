package libvirt

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/dmacvicar/terraform-provider-libvirt/libvirt/uri"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// call is the form of every function that upstream's resources have.
type call = func(context.Context, *schema.ResourceData, any) diag.Diagnostics

// beforeDelete is what a type of resource needs before upstream's Delete.
var beforeDelete = map[string]func(*host, *schema.ResourceData) error{
	"libvirt_domain": func(h *host, d *schema.ResourceData) error { return h.stopDomain(d.Id()) },
	"libvirt_pool":   func(h *host, d *schema.ResourceData) error { return h.readyPool(d.Id()) },
}

// forDayTwo fits upstream's provider to a lab whose daemon and objects come and go: connections
// are made late and anew, refresh outlives a stopped daemon, and what is gone can be deleted.
func forDayTwo(provider *schema.Provider, dial func(string) (*session, error), alive func(*session) bool) *schema.Provider {
	var lock sync.Mutex
	// As upstream: whoever names the same URI shares a client, for its locks are in it.
	connections := map[string]*connection{}
	provider.ConfigureFunc = func(d *schema.ResourceData) (any, error) {
		name := d.Get("uri").(string)
		if _, err := uri.Parse(name); err != nil {
			return nil, err
		}
		lock.Lock()
		defer lock.Unlock()
		if connections[name] == nil {
			connections[name] = &connection{dial: func() (*session, error) { return dial(name) }, alive: alive}
		}
		return connections[name], nil
	}
	provider.ResourcesMap = maps.Clone(provider.ResourcesMap)
	for name, resource := range provider.ResourcesMap {
		provider.ResourcesMap[name] = wrapped(name, resource)
	}
	for name, source := range provider.DataSourcesMap {
		// A template only computes; a preview may ask for it before there is a daemon.
		if !strings.HasSuffix(name, "_template") {
			source.ReadContext, source.Read = connected(fromRead(source)), nil
		}
	}
	return provider
}

// wrapped is the resource with every call connected. CustomizeDiff and the importers stay as they
// are: none asks libvirt.
func wrapped(name string, upstream *schema.Resource) *schema.Resource {
	fit := *upstream
	fit.CreateContext = connected(upstream.CreateContext)
	fit.ReadContext = readWhereReachable(upstream)
	fit.DeleteContext = deleteWhatIsThere(upstream, beforeDelete[name])
	if upstream.UpdateContext != nil {
		fit.UpdateContext = connected(upstream.UpdateContext)
	}
	if more, has := changesInPlace[name]; has {
		more.fit(&fit)
	}
	return &fit
}

// connected gives upstream's function the client that it expects.
func connected(upstream call) call {
	return func(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
		session, err := meta.(*connection).open()
		if err != nil {
			return diag.FromErr(err)
		}
		return upstream(ctx, d, session.client)
	}
}

// fromRead is a data source's Read, of which upstream has two forms.
func fromRead(source *schema.Resource) call {
	if read := source.Read; read != nil { //nolint:staticcheck // upstream has the old form
		return func(_ context.Context, d *schema.ResourceData, client any) diag.Diagnostics {
			return diag.FromErr(read(d, client))
		}
	}
	return source.ReadContext
}
