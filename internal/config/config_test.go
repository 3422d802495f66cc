package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/visagedb/visage/internal/config"
)

// load reads the settings as a command with these arguments would. Not parallel:
// the environment belongs to the process.
func load(t *testing.T, args ...string) (config.Settings, error) {
	t.Helper()
	flags := pflag.NewFlagSet("visage", pflag.ContinueOnError)
	config.Flags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(flags)
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "visage.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	file := write(t, "home: /from/file\nlog-level: warn\ndatabase-url: postgres://file\n")
	t.Setenv("VISAGE_HOME", "/from/environment")
	t.Setenv("VISAGE_DATABASE_URL", "postgres://environment")
	t.Setenv("VISAGE_ORT_LIB", "")
	got, err := load(t, "--config", file, "--database-url", "postgres://flag")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Settings{
		DatabaseURL: "postgres://flag", Home: "/from/environment", LogLevel: "warn",
		OrtLib: "/from/environment/lib/libonnxruntime.so.1",
	}
	if got.DatabaseURL != want.DatabaseURL || got.Home != want.Home || got.LogLevel != want.LogLevel || got.OrtLib != want.OrtLib {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestModelsFile(t *testing.T) {
	t.Setenv("VISAGE_HOME", "/home/of/it")
	t.Setenv("VISAGE_MODELS_FILE", "")
	if got, err := load(t); err != nil || got.ModelsFile != "/home/of/it/models/models.yaml" {
		t.Errorf("by default %q, %v", got.ModelsFile, err)
	}
	if got, err := load(t, "--config", write(t, "models-file: /from/file.yaml\n")); err != nil || got.ModelsFile != "/from/file.yaml" {
		t.Errorf("from a file %q, %v", got.ModelsFile, err)
	}
	t.Setenv("VISAGE_MODELS_FILE", "/mine.yaml")
	if got, err := load(t); err != nil || got.ModelsFile != "/mine.yaml" {
		t.Errorf("from the environment %q, %v", got.ModelsFile, err)
	}
}

func TestReplica(t *testing.T) {
	t.Setenv("VISAGE_REPLICA_URL", "")
	t.Setenv("VISAGE_REPLICA_LAG", "")
	if got, err := load(t); err != nil || got.ReplicaURL != "" || got.ReplicaLag != 30*time.Second {
		t.Errorf("by default %q, %s, %v", got.ReplicaURL, got.ReplicaLag, err)
	}
	got, err := load(t, "--config", write(t, "replica-url: postgres://replica\nreplica-lag: 2m\n"))
	if err != nil || got.ReplicaURL != "postgres://replica" || got.ReplicaLag != 2*time.Minute {
		t.Errorf("from a file %q, %s, %v", got.ReplicaURL, got.ReplicaLag, err)
	}
	for _, wrong := range []string{"soon", "0s", "-1s", "30"} {
		if _, err := load(t, "--replica-lag", wrong); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("a lag of %q gives %v", wrong, err)
		}
	}
}

func TestModelFolders(t *testing.T) {
	t.Setenv("VISAGE_MODELS", "/a:/b")
	got, err := load(t)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got.Models, ",") != "/a,/b" {
		t.Errorf("got folders %q", got.Models)
	}
	t.Setenv("VISAGE_MODELS", "")
	if got, err = load(t, "--config", write(t, "models: [/c, /d]\n")); err != nil || strings.Join(got.Models, ",") != "/c,/d" {
		t.Errorf("from a file: got folders %q, %v", got.Models, err)
	}
}

func TestConfigurationFileErrors(t *testing.T) {
	for name, text := range map[string]string{"not a list": "ort-lib: [a, b]\n", "must be text": "home: {a: b}\n", "nobody knows the key": "databse-url: x\n", "configuration file": "a: [\n"} {
		if _, err := load(t, "--config", write(t, text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q gives %v, want an error with %q", text, err, name)
		}
	}
	if _, err := load(t, "--config", "/nonexistent.yaml"); err == nil {
		t.Error("a file that is not there was read")
	}
}
