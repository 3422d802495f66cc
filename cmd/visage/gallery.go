package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/internal/postgres"
)

func galleryCommand(a *app) *cobra.Command {
	return group("gallery", "Show, make and remove galleries", galleryList(a), galleryCreate(a), galleryDelete(a))
}

func galleryList(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the galleries", Args: cobra.NoArgs, Example: "  visage gallery list"}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			galleries, err := db.Galleries(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"galleries": galleries})
			}
			rows := make([][]string, len(galleries))
			for i, g := range galleries {
				rows[i] = []string{g.Name, strconv.Itoa(g.Identities), strconv.Itoa(g.Images), strconv.Itoa(g.Faces), g.CreatedAt.Format(time.DateTime)}
			}
			return printTable(a.out, []string{"gallery", "identities", "images", "faces", "created"}, rows)
		})
	}
	return cmd
}

func galleryCreate(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "create NAME", Short: "Make an empty gallery", Args: cobra.ExactArgs(1), Example: "  visage gallery create staff",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
				if err := db.CreateGallery(cmd.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "gallery %s is made\n", plain(args[0]))
				return err
			})
		},
	}
}

func galleryDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Remove a gallery with everything in it", Args: cobra.ExactArgs(1), Example: "  visage gallery delete staff",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
				if err := db.DeleteGallery(cmd.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "gallery %s is gone\n", plain(args[0]))
				return err
			})
		},
	}
}
