package examples_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheReadmeStartsWithTwoCommands(t *testing.T) {
	blocks, err := fences(read(t, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks {
		if block.language != "sh" {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(block.text, "\n"), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "go run ./examples/") || !strings.HasPrefix(lines[1], "go test ") {
			t.Errorf("first sh block of README.md = %q, want two lines: go run ./examples/NAME, and go test", lines)
		}
		return
	}
	t.Error("README.md has no sh block")
}

func TestTheReadmesProgramsPrintWhatItSays(t *testing.T) {
	blocks, err := fences(read(t, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := programs(blocks)
	if len(programs) == 0 {
		t.Fatal("README.md has no go block")
	}
	for _, p := range programs {
		if strings.Contains(p.text, `"`+module+`/store/postgres"`) {
			continue // it needs a module of its own, whose tests run it
		}
		t.Run(fmt.Sprintf("line %d", p.line), func(t *testing.T) {
			if !p.hasOutput {
				t.Fatalf("README.md:%d: a go block is followed by a text block with what it prints", p.line)
			}
			got, err := runProgram(t, p.text)
			if err != nil {
				t.Fatalf("README.md:%d: %v", p.line, err)
			}
			if diff := cmp.Diff(p.output, got); diff != "" {
				t.Errorf("README.md:%d prints (-want +got):\n%s", p.line, diff)
			}
		})
	}
}

// runProgram runs a program as one under examples/, without writing it there.
func runProgram(t *testing.T, text string) (output string, err error) {
	t.Helper()
	kept := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(kept, []byte(text), 0o600); err != nil {
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
	printed, err := goTool("run", "-buildvcs=false", "-overlay="+list, "./examples/from-the-readme")
	return string(printed), err
}

// fence is a fenced code block of a Markdown text.
type fence struct {
	language string // as written behind the opening fence
	text     string // every line ends in a newline
	line     int    // of the opening fence, from 1
	end      int    // of the closing fence
}

// fences returns the code blocks of a text, or an error for one that is not
// closed.
func fences(text string) ([]fence, error) {
	var blocks []fence
	var open *fence
	n := 0
	for line := range strings.Lines(text) {
		n++
		language, isFence := strings.CutPrefix(strings.TrimRight(line, " \r\n"), "```")
		switch {
		case isFence && open == nil:
			open = &fence{language: language, line: n}
		case isFence:
			open.end = n
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the code block in line %d is not closed", open.line)
	}
	return blocks, nil
}

// program is a Go block, with what it prints.
type program struct {
	line      int
	text      string
	output    string
	hasOutput bool
}

// programs returns the go blocks. A text block that follows in the next line, or
// behind one empty line, holds the output.
func programs(blocks []fence) []program {
	var found []program
	for i, block := range blocks {
		if block.language != "go" {
			continue
		}
		p := program{line: block.line, text: block.text}
		if i+1 < len(blocks) && blocks[i+1].language == "text" && blocks[i+1].line <= block.end+2 {
			p.output, p.hasOutput = blocks[i+1].text, true
		}
		found = append(found, p)
	}
	return found
}

func TestFences(t *testing.T) {
	const text = "# Title\n```sh\na\nb\n```\ntext\n```go\npackage main\n```\n\n```text\nout\n```\n```go\nx\n```\n\n\n```text\nfar away\n```\n```\n```\n"
	blocks, err := fences(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []fence{
		{"sh", "a\nb\n", 2, 5}, {"go", "package main\n", 7, 9}, {"text", "out\n", 11, 13},
		{"go", "x\n", 14, 16}, {"text", "far away\n", 19, 21}, {"", "", 22, 23},
	}
	if diff := cmp.Diff(want, blocks, cmp.AllowUnexported(fence{})); diff != "" {
		t.Errorf("fences(%q) (-want +got):\n%s", text, diff)
	}
	wantPrograms := []program{{7, "package main\n", "out\n", true}, {14, "x\n", "", false}}
	if diff := cmp.Diff(wantPrograms, programs(blocks), cmp.AllowUnexported(program{})); diff != "" {
		t.Errorf("programs(%q) (-want +got):\n%s", text, diff)
	}
	if _, err := fences("a\n```go\nb\n"); err == nil {
		t.Error("fences of an open block = nil error, want one")
	}
}

func TestAProgramThatDoesNotCompileIsReported(t *testing.T) {
	output, err := runProgram(t, "package main\n\nimport \""+module+"/credits\"\n\nfunc main() { credits.Of('a', 2) }\n")
	if err == nil {
		t.Errorf("runProgram of a program that does not compile = %q, want an error", output)
	}
}
