package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
)

func keyCommand(a *app) *cobra.Command {
	return group("key", "Make, show and revoke the keys of visage serve", keyCreate(a), keyList(a), keyRevoke(a))
}

// madeKey is a key with its text, which is shown this once.
type madeKey struct {
	face.Key
	Text string `json:"key"`
}

func keyCreate(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a key, and show it this once", Args: cobra.ExactArgs(1),
		Long: `Create makes a key for visage serve and prints it. It is shown this once: what is
stored is its hash. From the first key on, the service asks everybody for one.`,
		Example: "  visage key create door --scope read --gallery staff --expires 90d",
	}
	flags := cmd.Flags()
	scopes := flags.StringArray("scope", []string{string(face.ScopeRead)}, "what it may do: read, enrol, delete or admin, which is all; may be given several times")
	galleries := flags.StringArray("gallery", nil, "the only gallery that it may use; may be given several times; default all")
	expires := flags.String("expires", "", "after how long it ends, such as 12h or 90d; default never")
	asJSON := jsonFlag(flags)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		lasts, err := parseAge(*expires)
		if err != nil {
			return misuse{fmt.Errorf("key create: --expires: %w", err)}
		}
		text, key := httpapi.NewKey()
		key.Name, key.Galleries = args[0], *galleries
		if key.Scopes, err = parseScopes(*scopes); err != nil {
			return misuse{fmt.Errorf("key create: --scope: %w", err)}
		}
		if slices.Contains(*galleries, "") {
			return misuse{fmt.Errorf("key create: --gallery: give a name")}
		}
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			made, err := db.CreateKey(cmd.Context(), key, lasts)
			if err != nil {
				return err
			}
			for _, name := range key.Galleries {
				if _, err := db.Gallery(cmd.Context(), name); err != nil {
					fmt.Fprintf(a.errOut, "the key is of no use in the gallery %s yet: %s\n", plain(name), explain(err))
				}
			}
			if *asJSON {
				return printJSON(a.out, madeKey{made, text})
			}
			_, err = fmt.Fprintf(a.out, "%s\n", text)
			fmt.Fprintf(a.errOut, "key %s (%s) is made. Keep it: it is not shown again.\n", made.ID, plain(made.Name))
			return err
		})
	}
	return cmd
}

func keyList(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the keys, without what opens", Args: cobra.NoArgs, Example: "  visage key list"}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			keys, err := db.Keys(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"keys": keys})
			}
			rows := make([][]string, len(keys))
			for i, k := range keys {
				rows[i] = []string{k.ID, k.Name, joinScopes(k.Scopes), strings.Join(k.Galleries, ","), stateOf(k), moment(k.ExpiresAt), moment(k.LastUsed)}
			}
			return printTable(a.out, []string{"id", "name", "scopes", "galleries", "state", "expires", "last used"}, rows)
		})
	}
	return cmd
}

func keyRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a key for good, within seconds", Args: cobra.ExactArgs(1), Example: "  visage key revoke 6f1c09d2a4b7e835",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
				if err := db.RevokeKey(cmd.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "key %s is revoked\n", plain(args[0]))
				return err
			})
		},
	}
}

// parseAge reads a duration, which may be in days too; an empty text is 0.
func parseAge(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	age, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n int
		if n, err = strconv.Atoi(days); n > maxDays {
			n = 0
		}
		age = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || age <= 0 {
		return 0, fmt.Errorf("%q is no time to last: give hours or days, such as 12h or 90d", text)
	}
	return age, nil
}

// maxDays is a hundred years, which a time.Duration can hold.
const maxDays = 36500

func parseScopes(texts []string) ([]face.Scope, error) {
	var scopes []face.Scope
	for _, text := range texts {
		s := face.Scope(text)
		if !slices.Contains(face.Scopes(), s) {
			return nil, fmt.Errorf("%q: use %s", text, joinScopes(face.Scopes()))
		}
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, nil
}

func joinScopes(scopes []face.Scope) string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return strings.Join(texts, ",")
}

// stateOf says in a word whether a key opens.
func stateOf(k face.Key) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case !k.Valid:
		return "expired"
	default:
		return "valid"
	}
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateTime)
}
