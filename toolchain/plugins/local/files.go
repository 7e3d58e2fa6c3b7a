package local

import (
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collectFiles fills assets and archive with the files that the command left.
func (o *Outputs) collectFiles(dir string, settings Settings) error {
	if settings.AssetPaths != nil {
		found, err := matchFiles(dir, *settings.AssetPaths)
		if err != nil {
			return err
		}
		assets := map[string]*types.AssetOrArchive{}
		for name, asset := range found {
			assets[name] = &types.AssetOrArchive{Asset: asset}
		}
		o.Assets = &assets
	}
	if settings.ArchivePaths != nil {
		found, err := matchFiles(dir, *settings.ArchivePaths)
		if err != nil {
			return err
		}
		content := map[string]any{}
		for name, asset := range found {
			content[name] = asset
		}
		archive, err := resource.NewAssetArchive(content)
		if err != nil {
			return err
		}
		o.Archive = archive
	}
	return nil
}

type rule struct {
	glob    glob.Glob
	exclude bool
}

// matchFiles returns the files under dir that the rules select, by their path below dir. Rules
// apply in order; one that begins with ! excludes files again.
func matchFiles(dir string, patterns []string) (map[string]*resource.Asset, error) {
	var rules []rule
	for _, pattern := range patterns {
		pattern, exclude := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(pattern, '/')
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule{compiled, exclude})
	}
	found := map[string]*resource.Asset{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !chosen(rules, name) {
			return err
		}
		asset, err := resource.NewPathAsset(path.Join(dir, name))
		found[name] = asset
		return err
	})
	return found, err
}

func chosen(rules []rule, name string) bool {
	result := false
	for _, rule := range rules {
		if rule.glob.Match(name) {
			result = !rule.exclude
		}
	}
	return result
}
