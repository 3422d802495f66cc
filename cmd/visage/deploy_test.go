package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// composed is what this test looks at of docker-compose.yml.
type composed struct {
	Image       string
	Build       map[string]any
	Command     []string
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Ports       []string
	Volumes     []any
	Healthcheck struct {
		Test    []string
		Disable bool
	}
}

// What docker-compose.yml has the program do, it can do; no port is open to other
// machines, nothing of it is written to, and no password stands in it.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]composed
		Volumes  map[string]any
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) < 5 {
		t.Fatalf("services %v", file.Services)
	}
	for name, s := range file.Services {
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s opens %s to other machines", name, port)
			}
		}
		if s.Image != "visage:local" {
			continue
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do more than it needs: %+v", name, s)
		}
		if !s.Healthcheck.Disable && len(s.Healthcheck.Test) == 0 {
			t.Errorf("%s has the health check of the composed", name)
		}
		run := parses(t, s.Command)
		if at := run.Flag("addr"); at != nil && !strings.HasPrefix(at.Value.String(), "127.") && run.Flag("auth").Value.String() != "keys" {
			t.Errorf("%s listens without keys: %v", name, s.Command)
		}
		if len(s.Healthcheck.Test) > 0 {
			parses(t, s.Healthcheck.Test[2:]) // after CMD visage
		}
	}
}

// parses checks that there is such a command with such flags, and gives it.
func parses(t *testing.T, args []string) *cobra.Command {
	t.Helper()
	cmd, rest, err := rootCommand(&app{}).Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil {
		t.Fatalf("visage %q: %v", args, err)
	}
	return cmd
}

// The image is not root's, and what the Dockerfile copies and calls exists.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages, user, health := 0, "", false
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "FROM":
			stages++
		case "USER":
			user = words[1]
		case "COPY":
			if strings.HasPrefix(words[1], "--from=") {
				continue
			}
			for _, path := range words[1 : len(words)-1] {
				if _, err := os.Stat(filepath.Join("../..", path)); err != nil {
					t.Errorf("COPY: %v", err)
				}
			}
		case "HEALTHCHECK":
			_, list, _ := strings.Cut(line, " CMD ")
			var call []string
			if err := yaml.Unmarshal([]byte(list), &call); err != nil || len(call) < 2 || call[0] != "visage" {
				t.Fatalf("health check %q: %v", list, err)
			}
			parses(t, call[1:])
			health = true
		}
	}
	if stages != 2 || user != "10001:10001" || !health {
		t.Errorf("%d stages, user %q, health check %t", stages, user, health)
	}
}

// The manifests of docs/deploy.md are YAML, and run commands that exist.
func TestManifestsOfTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("docs/deploy.md has no manifests")
	}
	for _, block := range blocks {
		manifest, _, _ := strings.Cut(block, "```")
		decoder := yaml.NewDecoder(strings.NewReader(manifest))
		for {
			var document map[string]any
			if err := decoder.Decode(&document); err != nil {
				if err.Error() != "EOF" {
					t.Errorf("%v in %s", err, manifest)
				}
				break
			}
			for _, args := range argsIn(document) {
				parses(t, args)
			}
		}
	}
}

// argsIn are the lists named args, however deep.
func argsIn(value any) (found [][]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			list, isList := inner.([]any)
			if key != "args" || !isList {
				found = append(found, argsIn(inner)...)
				continue
			}
			var args []string
			for _, a := range list {
				text, _ := a.(string)
				args = append(args, text)
			}
			found = append(found, args)
		}
	case []any:
		for _, inner := range v {
			found = append(found, argsIn(inner)...)
		}
	}
	return found
}
