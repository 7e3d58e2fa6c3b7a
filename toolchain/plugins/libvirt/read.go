package libvirt

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/log"
)

// readWhereReachable keeps what the state has recorded, with a warning, where libvirt cannot be
// reached: `pulumi refresh` must not fail, nor forget anything, because a daemon is down. An
// import has nothing recorded, so there it is an error.
func readWhereReachable(upstream *schema.Resource) call {
	return func(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
		connection := meta.(*connection)
		session, err := connection.open()
		if err != nil {
			return unreachable(ctx, upstream, d, err)
		}
		diags := readOrDrop(ctx, upstream, d, session)
		if !diags.HasError() || connection.alive(session) {
			return diags
		}
		// The daemon went away meanwhile; it may have been restarted.
		if session, err = connection.open(); err != nil {
			return unreachable(ctx, upstream, d, err)
		}
		return readOrDrop(ctx, upstream, d, session)
	}
}

func unreachable(ctx context.Context, upstream *schema.Resource, d *schema.ResourceData, err error) diag.Diagnostics {
	if !recorded(upstream, d) {
		return diag.FromErr(err)
	}
	return kept(ctx, "libvirt cannot be reached; "+d.Id(), err.Error())
}

// kept is the warning that a resource stays as the state has it.
func kept(ctx context.Context, what, why string) diag.Diagnostics {
	summary := what + " stays as the state has it"
	// The bridge shows a diagnostic that is no error only with TF_LOG.
	if logger := log.TryGetLogger(ctx); logger != nil {
		logger.Warn(summary + ": " + why)
	}
	return diag.Diagnostics{{Severity: diag.Warning, Summary: summary, Detail: why}}
}

// recorded says whether the state holds more than an id.
func recorded(upstream *schema.Resource, d *schema.ResourceData) bool {
	for name, attribute := range upstream.SchemaMap() {
		if _, set := d.GetOk(name); set && attribute.Required {
			return true
		}
	}
	return false
}

// readOrDrop drops the id of what is gone. Upstream's Read does, except for what lies in a pool
// whose files were removed.
func readOrDrop(ctx context.Context, upstream *schema.Resource, d *schema.ResourceData, s *session) diag.Diagnostics {
	diags := upstream.ReadContext(ctx, d, s.client)
	if lacksStorage(diags) && recorded(upstream, d) {
		return kept(ctx, d.Id()+" uses storage that libvirt does not have and", diags[0].Summary)
	}
	pool, lies := poolOf(upstream, d)
	if !diags.HasError() || !lies || s.host == nil {
		return diags
	}
	if !s.host.rereadPool(pool) {
		// Without its pool nobody can say whether a volume is gone; its file may well be there.
		if !recorded(upstream, d) {
			return diags
		}
		return kept(ctx, "the pool "+pool+" is gone; "+d.Id(), diags[0].Summary)
	}
	return upstream.ReadContext(ctx, d, s.client)
}

// lacksStorage says whether a domain is there, but not the volume or the pool of one of its disks.
// Upstream's words: its diagnostics carry no code.
func lacksStorage(diags diag.Diagnostics) bool {
	return diags.HasError() &&
		(strings.HasPrefix(diags[0].Summary, "error retrieving volume for disk: ") ||
			strings.HasPrefix(diags[0].Summary, "error retrieving pool for disk: "))
}

// poolOf names the storage pool that a volume, or a disk made of one, lies in.
func poolOf(upstream *schema.Resource, d *schema.ResourceData) (string, bool) {
	if _, has := upstream.SchemaMap()["pool"]; !has {
		return "", false
	}
	name, _ := d.Get("pool").(string)
	return name, name != ""
}
