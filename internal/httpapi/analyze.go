package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// actions are what /analyze can be asked for.
var actions = [...]string{"emotion", "age", "gender", "race"}

// analyze answers POST /analyze: attributes of every face of img, or a list of them
// for each of several photographs.
func (s *Server) analyze(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want, actions := modelsOf(f), wantedOf(f, search.FlagSpoofs), actionsOf(f)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	photos, err := s.photographs(ctx, f, "img")
	if err != nil {
		return err
	}
	lists, left := make([][]Analysis, len(photos)), []search.Spoof(nil)
	for i, one := range photos {
		all, err := s.analyzeOne(ctx, one, Asked{Actions: actions, Liveness: want.Liveness}, choice, want.Wanted)
		if err != nil {
			return err
		}
		found, spoofs, err := siftAnalyses(want.spoofs, one.among(photos), all)
		if err != nil {
			return one.about(err)
		}
		lists[i], left = found, append(left, spoofs...)
	}
	return c.JSON(http.StatusOK, perPhotograph(lists, left))
}

func (s *Server) analyzeOne(ctx context.Context, one sent, asked Asked, choice Choice, want Wanted) ([]Analysis, error) {
	switch {
	case one.vector != nil:
		return nil, noPhotograph(one.name)
	case s.cfg.Analyzer == nil:
		return nil, face.Errorf(face.Unavailable, "no model for attributes is installed here, and with anti_spoofing nothing would be checked")
	}
	results, err := s.cfg.Analyzer.Analyze(ctx, one.photo, asked, choice, want)
	return results, one.about(err)
}

// actionsOf are the actions of a request, each once: a list, or a text such as
// "age,gender" or "['age', 'gender']", as DeepFace reads it. They are nil where none is
// named.
func actionsOf(f *fields) []string {
	text := strings.Join(f.form["actions"], ",")
	if text == "" {
		text = f.raw("actions")
	}
	if text == "" {
		return nil
	}
	bare := strings.NewReplacer("[", "", "]", "", "(", "", ")", "", "'", "", `"`, "", " ", "").Replace(text)
	var wanted []string
	for action := range strings.SplitSeq(strings.ToLower(bare), ",") {
		switch {
		case action == "" || slices.Contains(wanted, action):
		case slices.Contains(actions[:], action):
			wanted = append(wanted, action)
		default:
			f.wrong("actions", "some of "+strings.Join(actions[:], ", "))
		}
	}
	if len(wanted) == 0 {
		f.wrong("actions", "some of "+strings.Join(actions[:], ", "))
	}
	return wanted
}
