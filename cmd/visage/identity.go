package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

func identityCommand(a *app) *cobra.Command {
	cmd := group("identity", "Show and change the enrolled people",
		identityList(a), identityShow(a),
		identityChange(a, "rename NAME NEW", "Give an identity another name", 2, "  visage identity rename \"J Smith\" \"Jane Smith\"",
			func(ctx context.Context, db *postgres.DB, gallery string, names []string) (string, error) {
				return "", db.RenameIdentity(ctx, gallery, names[0], names[1])
			}),
		identityChange(a, "merge FROM INTO", "Add the photographs of one identity to another, which stays", 2, "  visage identity merge \"J Smith\" \"Jane Smith\"",
			func(ctx context.Context, db *postgres.DB, gallery string, names []string) (string, error) {
				record, err := db.MergeIdentities(ctx, gallery, names[0], names[1])
				return "; POST /v1/merges/" + record + "/undo of visage serve undoes it", err
			}),
		identityChange(a, "delete NAME", "Erase an identity with its photographs' records and templates", 1, "  visage identity delete \"Jane Smith\"",
			func(ctx context.Context, db *postgres.DB, gallery string, names []string) (string, error) {
				return "", db.DeleteIdentity(ctx, gallery, names[0])
			}))
	cmd.PersistentFlags().String("gallery", face.DefaultGallery, "gallery")
	return cmd
}

// inGallery runs a command that works on one gallery.
func (a *app) inGallery(cmd *cobra.Command, use func(db *postgres.DB, gallery string) error) error {
	gallery, err := cmd.Flags().GetString("gallery")
	if err != nil {
		return err
	}
	return a.withDatabase(cmd.Context(), func(db *postgres.DB) error { return use(db, gallery) })
}

// identityChange is a command that changes a gallery's identities. What change has to say
// is printed after "done".
func identityChange(a *app, use, short string, args int, example string, change func(context.Context, *postgres.DB, string, []string) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(args), Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inGallery(cmd, func(db *postgres.DB, gallery string) error {
				more, err := change(cmd.Context(), db, gallery, args)
				if err == nil {
					_, err = fmt.Fprintf(a.out, "%s in gallery %s: done%s\n", cmd.Name(), plain(gallery), more)
				}
				return err
			})
		},
	}
}

func identityList(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the identities of a gallery", Args: cobra.NoArgs, Example: "  visage identity list"}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.inGallery(cmd, func(db *postgres.DB, gallery string) error {
			identities, err := db.Identities(cmd.Context(), gallery)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"identities": identities})
			}
			return a.printIdentities(identities)
		})
	}
	return cmd
}

func identityShow(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "show NAME", Short: "Show one identity", Args: cobra.ExactArgs(1), Example: "  visage identity show \"Jane Smith\""}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.inGallery(cmd, func(db *postgres.DB, gallery string) error {
			identity, err := db.Identity(cmd.Context(), gallery, args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, identity)
			}
			return a.printIdentities([]face.Identity{identity})
		})
	}
	return cmd
}

func (a *app) printIdentities(identities []face.Identity) error {
	rows := make([][]string, len(identities))
	for i, p := range identities {
		rows[i] = []string{p.Name, strconv.Itoa(p.Images), strconv.Itoa(p.Faces), p.CreatedAt.Format(time.DateTime), p.ID}
	}
	return printTable(a.out, []string{"identity", "images", "faces", "created", "id"}, rows)
}
