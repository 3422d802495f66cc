package face_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestReadable(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":             "",
		"Zoë 顔 🙂.jpg":  "Zoë 顔 🙂.jpg",
		"a\xffb":       `a\xffb`,
		"\x00":         `\x00`,
		"\xc3\xa9\xc3": `é\xc3`,
		"\ufffd":       "\ufffd", // the replacement character itself is text
	} {
		if got := face.Readable(name); got != want {
			t.Errorf("Readable(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestMostProminent(t *testing.T) {
	t.Parallel()
	box := func(x, y, side float32) face.Detection {
		return face.Detection{Box: face.Box{X1: x, Y1: y, X2: x + side, Y2: y + side}}
	}
	for name, c := range map[string]struct {
		found []face.Detection
		want  int
	}{
		"nobody":                        {nil, -1},
		"one far off":                   {[]face.Detection{box(0, 0, 10)}, 0},
		"the larger of two":             {[]face.Detection{box(40, 40, 20), box(35, 35, 30)}, 1},
		"the middle before the corner":  {[]face.Detection{box(0, 0, 30), box(38, 38, 24)}, 1}, // 900-2*2450 and 576
		"much larger, though not there": {[]face.Detection{box(45, 45, 10), box(20, 20, 40)}, 1},
	} {
		if got := face.MostProminent(c.found, 100, 100); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	if got, want := (face.Box{X1: -5, Y1: -5, X2: 50, Y2: 8}).Clip(20, 10), (face.Box{X2: 20, Y2: 8}); got != want {
		t.Errorf("clipped to %v, want %v", got, want)
	}
}

func TestSpaceName(t *testing.T) {
	t.Parallel()
	s := face.Space{Recognizer: "LBPH", Weights: strings.Repeat("0123456789abcdef", 4), Profile: face.Native}
	if got := s.Name(); got != "LBPH-native-01234567" {
		t.Errorf("got %s", got)
	}
	s.Detector = "opencv"
	if got := s.Name(); got != "LBPH-native-opencv-01234567" {
		t.Errorf("got %s", got)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", face.Wrap(face.Unreadable, io.ErrUnexpectedEOF, "read %s", "a.jpg"))
	if face.CodeOf(err) != face.Unreadable || !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "outer: read a.jpg: unexpected EOF" {
		t.Errorf("got %v with code %s", err, face.CodeOf(err))
	}
	if face.CodeOf(io.EOF) != face.Internal || face.CodeOf(nil) != "" {
		t.Error("a foreign error must be internal, and none must have no code")
	}
	if _, err := face.ParseMetric("manhattan"); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "cosine, euclidean, euclidean_l2, angular") {
		t.Errorf("got %v", err)
	}
}
