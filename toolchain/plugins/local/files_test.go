package local

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMatchFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"assets/logos/logo.svg", "src/index.js", "src/secret.js", "top.txt"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ patterns, want []string }{
		{[]string{"assets/**", "src/**.js", "!**secret.*"}, []string{"assets/logos/logo.svg", "src/index.js"}},
		{[]string{"*"}, []string{"top.txt"}},
		{[]string{"!top.txt", "*.txt"}, []string{"top.txt"}},
		{[]string{"none"}, nil},
	} {
		found, err := matchFiles(dir, test.patterns)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, test.want) {
			t.Errorf("%v gave %v, not %v", test.patterns, got, test.want)
		}
	}
	if _, err := matchFiles(dir, []string{"[broken"}); err == nil {
		t.Error("a broken pattern gave no error")
	}
}
