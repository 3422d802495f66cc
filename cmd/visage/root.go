package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/internal/config"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitMisused = 2
)

// misuse is an error of the command line itself.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// run executes one command line and returns the exit code. It is all of the
// program but the process.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	answer := &output{to: out}
	a := &app{out: answer, errOut: errOut, log: slog.New(slog.DiscardHandler)}
	root := rootCommand(a)
	root.SetArgs(args)
	root.SetOut(answer)
	root.SetErr(errOut)
	ran, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = answer.err
	}
	var wrong misuse
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong):
		fmt.Fprintf(errOut, "visage: %s\nSee %s --help.\n", plainLines(err.Error()), ran.CommandPath())
		return exitMisused
	default:
		fmt.Fprintf(errOut, "visage: %s\n", plainLines(explain(err)))
		a.log.Debug("in full", "error", err)
		return exitFailed
	}
}

func rootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "visage",
		Short: "Self-hosted face recognition on Postgres with pgvector",
		Long: `Visage turns photographs into identities: it ingests folders of photographs
into Postgres with pgvector, and finds who is in a photograph.`,
		Example:           "  visage ingest photos\n  visage find somebody.jpg",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.prepare,
		Version:           version,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	config.Flags(root.PersistentFlags())
	root.AddCommand(
		ingestCommand(a), workerCommand(a), jobsCommand(a), findCommand(a), verifyCommand(a), representCommand(a), analyzeCommand(a), extractCommand(a),
		serveCommand(a), healthCommand(a), keyCommand(a), importCommand(a), exportCommand(a), modelsCommand(a), galleryCommand(a), identityCommand(a), evalCommand(a), indexCommand(a),
		migrateCommand(a), dbCommand(a), doctorCommand(a), demoCommand(a), benchCommand(a), versionCommand(a),
	)
	misuseOfArguments(root)
	return root
}

// misuseOfArguments makes a wrong number of arguments, and a word that is no
// command, a misuse.
func misuseOfArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return misuse{fmt.Errorf("%s", strings.TrimPrefix(name(cmd)+": "+err.Error(), ": "))}
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		misuseOfArguments(child)
	}
}

// name is a command's name without that of the program.
func name(cmd *cobra.Command) string {
	return strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()))
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return misuse{fmt.Errorf("%s: name what to do; see visage %s --help", name(cmd), name(cmd))}
		},
	}
	for _, child := range children {
		cmd.Example += child.Example + "\n"
	}
	cmd.AddCommand(children...)
	return cmd
}

// prepare reads the settings before any command runs.
func (a *app) prepare(cmd *cobra.Command, _ []string) (err error) {
	if a.settings, err = config.Load(cmd.Root().PersistentFlags()); err != nil {
		return misuse{err}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.settings.LogLevel)); err != nil {
		return misuse{fmt.Errorf("log level %q: use debug, info, warn or error", a.settings.LogLevel)}
	}
	options := &slog.HandlerOptions{Level: level}
	switch a.settings.LogFormat {
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.errOut, options))
	case "json":
		a.log = slog.New(slog.NewJSONHandler(a.errOut, options))
	default:
		return misuse{fmt.Errorf("log format %q: use text or json", a.settings.LogFormat)}
	}
	return nil
}
