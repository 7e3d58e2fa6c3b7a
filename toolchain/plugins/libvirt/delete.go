package libvirt

import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// deleteWhatIsThere succeeds where the object is gone, before the call or by its end. Upstream
// fails for domains and networks, and waits a minute, then fails, for a volume in a pool whose
// directory is gone.
func deleteWhatIsThere(upstream *schema.Resource, before func(*host, *schema.ResourceData) error) call {
	return func(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
		session, err := meta.(*connection).open()
		if err != nil {
			return diag.FromErr(err)
		}
		if before != nil {
			if err := before(session.host, d); err != nil {
				return diag.FromErr(err)
			}
		}
		if pool, lies := poolOf(upstream, d); lies && session.host != nil {
			session.host.rereadPool(pool)
		}
		if gone(ctx, upstream, d, session) {
			return nil
		}
		diags := upstream.DeleteContext(ctx, d, session.client)
		if diags.HasError() && gone(ctx, upstream, d, session) {
			return nil
		}
		return diags
	}
}

// gone reads a copy. What cannot be read is taken as there: Delete then says what is wrong.
func gone(ctx context.Context, upstream *schema.Resource, d *schema.ResourceData, s *session) bool {
	look := upstream.Data(d.State())
	diags := readOrDrop(ctx, upstream, look, s)
	return !diags.HasError() && look.Id() == ""
}
