// Package config reads the settings that all commands share: from flags, from
// VISAGE_... in the environment, from a configuration file and from defaults,
// in this order of precedence.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Settings are what all commands share.
type Settings struct {
	// DatabaseURL of a Postgres with pgvector. Defaults to none: Visage then runs
	// a private one in Home.
	DatabaseURL string
	// ReplicaURL of a streaming replica of the database, which answers searches.
	// Defaults to none.
	ReplicaURL string
	// ReplicaLag is how far behind the replica may be and still answer. Defaults to
	// 30 seconds.
	ReplicaLag time.Duration
	// Home holds the private Postgres, pulled weights and ONNX Runtime. Defaults
	// to /var/lib/visage for root, because Postgres, which refuses to run as
	// root, must be able to enter it, and otherwise to visage in the user's data
	// folder.
	Home string
	// Models are further folders that hold weights. Defaults to none.
	Models []string
	// ModelsFile lists the user's own models. Defaults to
	// Home/models/models.yaml.
	ModelsFile string
	// OrtLib is ONNX Runtime's shared library. Defaults to
	// Home/lib/libonnxruntime.so.1.
	OrtLib string
	// LogLevel is debug, info, warn or error. Defaults to info.
	LogLevel string
	// LogFormat is text or json. Defaults to text.
	LogFormat string
}

// Flags declares the shared flags.
func Flags(flags *pflag.FlagSet) {
	flags.String("database-url", "", "Postgres with pgvector (VISAGE_DATABASE_URL); without it a private one is run in the home folder")
	flags.String("replica-url", "", "streaming replica of the database, which answers searches (VISAGE_REPLICA_URL)")
	flags.String("replica-lag", "30s", "how far behind the replica may be and still answer (VISAGE_REPLICA_LAG)")
	flags.String("home", "", "folder for the private Postgres, weights and ONNX Runtime (VISAGE_HOME); default "+defaultHome())
	flags.String("models", "", "further folders with weights, separated by \""+string(os.PathListSeparator)+"\" (VISAGE_MODELS)")
	flags.String("models-file", "", "list of your own models (VISAGE_MODELS_FILE); default models/models.yaml in the home folder")
	flags.String("ort-lib", "", "ONNX Runtime's shared library (VISAGE_ORT_LIB); default lib/libonnxruntime.so.1 in the home folder")
	flags.String("log-level", "info", "debug, info, warn or error (VISAGE_LOG_LEVEL)")
	flags.String("log-format", "text", "text, or json for programs (VISAGE_LOG_FORMAT)")
	flags.String("config", "", "configuration file, YAML, with the names of these flags as keys (VISAGE_CONFIG)")
}

// Load reads the settings. A configuration file that is named but cannot be
// read, or that has a key nobody knows, is an error.
func Load(flags *pflag.FlagSet) (Settings, error) {
	v := viper.New()
	v.SetEnvPrefix("visage")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	if err := v.BindPFlags(flags); err != nil {
		return Settings{}, fmt.Errorf("settings: %w", err)
	}
	if file := v.GetString("config"); file != "" {
		if err := readFile(v, file); err != nil {
			return Settings{}, err
		}
	}
	home := v.GetString("home")
	if home == "" {
		home = defaultHome()
	}
	home, err := filepath.Abs(home)
	if err != nil {
		return Settings{}, fmt.Errorf("home folder: %w", err)
	}
	lag, err := time.ParseDuration(v.GetString("replica-lag"))
	if err != nil || lag <= 0 {
		return Settings{}, fmt.Errorf("replica lag %q: use a time such as 30s", v.GetString("replica-lag"))
	}
	s := Settings{
		DatabaseURL: v.GetString("database-url"), ReplicaURL: v.GetString("replica-url"), ReplicaLag: lag,
		Home: home, OrtLib: v.GetString("ort-lib"),
		Models: models(v), ModelsFile: v.GetString("models-file"), LogLevel: v.GetString("log-level"),
		LogFormat: v.GetString("log-format"),
	}
	if s.ModelsFile == "" {
		s.ModelsFile = filepath.Join(home, "models", "models.yaml")
	}
	if s.OrtLib == "" {
		s.OrtLib = filepath.Join(home, "lib", "libonnxruntime.so.1")
	}
	return s, nil
}

// models are folders, as a list in a file or as text with separators.
func models(v *viper.Viper) []string {
	if text, ok := v.Get("models").(string); ok {
		return filepath.SplitList(text)
	}
	return v.GetStringSlice("models")
}

func readFile(v *viper.Viper, name string) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("configuration file: %s is not a regular file", name)
	}
	file := viper.New()
	file.SetConfigFile(name)
	file.SetConfigType("yaml")
	if err := file.ReadInConfig(); err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	for key, value := range file.AllSettings() {
		if !slices.Contains(v.AllKeys(), key) {
			return fmt.Errorf("configuration file %s: nobody knows the key %q", name, key)
		}
		switch value.(type) {
		case string:
		case []any:
			if key == "models" {
				continue
			}
			return fmt.Errorf("configuration file %s: %s must be one value, not a list", name, key)
		default:
			return fmt.Errorf("configuration file %s: %s must be text", name, key)
		}
	}
	return v.MergeConfigMap(file.AllSettings())
}

func defaultHome() string {
	if os.Geteuid() == 0 {
		return "/var/lib/visage"
	}
	return filepath.Join(xdg.DataHome, "visage")
}
