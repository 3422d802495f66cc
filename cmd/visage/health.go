package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
)

// healthAnswer bounds how much of an answer is read.
const healthAnswer = 4 << 10

func healthCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "health", Short: "Ask a running visage serve whether it is ready", Args: cobra.NoArgs,
		Long: `Health asks /readyz of a service, which tries the database and the models. It
exits 0 where it is ready, and 1 where not. It is for containers, which have no curl.`,
		Example: "  visage health\n  visage health --url http://127.0.0.1:9000",
	}
	url := cmd.Flags().String("url", "http://127.0.0.1:8080", "where the service is")
	limit := cmd.Flags().Duration("timeout", 5*time.Second, "how long to wait for it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), *limit)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(*url, "/")+"/readyz", nil)
		if err != nil {
			return misuse{fmt.Errorf("health: --url: %w", err)}
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return face.Wrap(face.Unavailable, err, "the service does not answer")
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(io.LimitReader(answer.Body, healthAnswer))
		if err != nil {
			return face.Wrap(face.Unavailable, err, "the service does not answer")
		}
		if answer.StatusCode != http.StatusOK {
			return face.Errorf(face.Unavailable, "the service is not ready: %s %s", answer.Status, strings.TrimSpace(string(text)))
		}
		_, err = fmt.Fprintln(a.out, plain(strings.TrimSpace(string(text))))
		return err
	}
	return cmd
}
