package postgres_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// program is a Go block of a Markdown text that is followed by what it prints.
var program = regexp.MustCompile("(?ms)^```go\n(package main\n.*?)^```\n\n?```text\n(.*?)^```$")

// The programs of the repository's README that use this package are run here, where
// the module requires what they need: examples/readme_test.go leaves them out.
func TestTheReadmesProgramsPrintWhatItSays(t *testing.T) {
	needServer(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, match := range program.FindAllSubmatch(text, -1) {
		if source, want := string(match[1]), string(match[2]); strings.Contains(source, `scrip/store/postgres"`) {
			ran++
			if diff := cmp.Diff(want, runProgram(t, source)); diff != "" {
				t.Errorf("a program of README.md prints (-want +got):\n%s", diff)
			}
		}
	}
	if mentions := strings.Count(string(text), `scrip/store/postgres"`); ran == 0 || ran != mentions {
		t.Errorf("%d programs of README.md were run, but store/postgres is imported %d times: a go block is followed by a text block with what it prints", ran, mentions)
	}
}

// runProgram runs a program of this module's, without writing it there, on a
// database of its own.
func runProgram(t *testing.T, source string) string {
	t.Helper()
	at, drop := newDatabase()
	defer drop()
	kept := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(kept, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	shown, err := filepath.Abs(filepath.Join("from-the-readme", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{shown: kept}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-buildvcs=false", "-overlay="+list, "./from-the-readme")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+at)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s\n%s", cmd, err, stderr.String(), source)
	}
	return string(output)
}
