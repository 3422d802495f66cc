package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// searching is what a search can be told on the command line, but for its
// metric and threshold.
type searching struct {
	options   search.FindOptions
	by, where string
}

func searchFlags(cmd *cobra.Command) *searching {
	s := &searching{}
	flags := cmd.Flags()
	flags.StringVar(&s.options.Gallery, "gallery", face.DefaultGallery, "gallery to search")
	flags.IntVarP(&s.options.K, "count", "k", search.DefaultK, "candidates per face")
	flags.BoolVar(&s.options.Exact, "exact", false, "compare with every template instead of using the index")
	flags.Float64Var(&s.options.MinRecall, "min-recall", face.DefaultMinRecall,
		"share of a person's templates that the index shall not miss, where that was measured (visage index recall); 1 is --exact")
	flags.StringArrayVar(&s.options.Filter.Identities, "identity", nil, "search this identity's faces only; give it several times for any of several")
	flags.StringArrayVar(&s.options.Filter.Excluded, "not-identity", nil, "leave out this identity's faces; may be given several times")
	flags.StringVar(&s.where, "where", "", "JSON object that the metadata of the enrolled photograph must contain")
	flags.StringVar(&s.by, "by", string(search.ByFace), "what a row is: face, or identity for one row per enrolled person")
	flags.IntVar(&s.options.Top, "top", 1, "with --by identity, distance is the mean of so many of the person's nearest faces")
	return s
}

// of gives the options, or says what is wrong with the flags.
func (s *searching) of() (search.FindOptions, error) {
	o := s.options
	var err error
	if o.By, err = search.ParseBy(s.by); err != nil {
		return o, fmt.Errorf("--by: %w", err)
	}
	o.Filter.Metadata = json.RawMessage(s.where)
	switch {
	case o.Gallery == "":
		return o, errors.New("find: name a gallery by --gallery")
	case o.K < 1 || o.K > face.MostCandidates:
		return o, fmt.Errorf("-k %d: ask for at least 1 candidate and at most %d", o.K, face.MostCandidates)
	case !(o.MinRecall > 0 && o.MinRecall <= 1):
		return o, fmt.Errorf("--min-recall %g: use a share above 0 and up to 1", o.MinRecall)
	case o.Top < 1:
		return o, fmt.Errorf("--top %d: give at least 1", o.Top)
	case o.Top > 1 && o.By != search.ByIdentity:
		return o, errors.New("--top goes with --by identity")
	}
	if err := o.Filter.Check(); err != nil {
		return o, fmt.Errorf("--where: %w", err)
	}
	return o, nil
}
