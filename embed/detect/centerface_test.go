package detect_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

var centerfaceNames = []string{"537", "538", "539", "540"}

// centerfaceAnswer is an answer for an input of the given size, a multiple of 4,
// and what it says: a centre for each cell of 4x4 pixels, y before x throughout.
// Faces of 10 to 30 pixels gather near the corners, so that some reach over the
// border and many overlap.
func centerfaceAnswer(width, height int) (tensors []ort.Tensor, all []plain) {
	r := rand.New(rand.NewPCG(4, 4))
	columns, rows := width/4, height/4
	planes := [4]int{1, 2, 2, 10}
	for _, n := range planes {
		tensors = append(tensors, ort.Tensor{Shape: []int64{1, int64(n), int64(rows), int64(columns)}, Data: make([]float32, n*rows*columns)})
	}
	for row := range rows {
		for column := range columns {
			put := func(tensor, plane int, v float64) float64 {
				tensors[tensor].Data[(plane*rows+row)*columns+column] = float32(v)
				return float64(float32(v))
			}
			p := plain{score: put(0, 0, 0.3*r.Float64())}
			if r.IntN(5) == 0 {
				p.score = put(0, 0, 0.3+0.69*r.Float64())
			}
			h, w := 4*math.Exp(put(1, 0, 1+r.Float64())), 4*math.Exp(put(1, 1, 1+r.Float64()))
			y := 4*(float64(row)+put(2, 0, r.Float64()-0.5)+0.5) - h/2
			x := 4*(float64(column)+put(2, 1, r.Float64()-0.5)+0.5) - w/2
			x, y = min(max(x, 0), float64(width)), min(max(y, 0), float64(height))
			p.box = [4]float64{x, y, min(x+w, float64(width)), min(y+h, float64(height))}
			for k := range 5 {
				dy, dx := put(3, 2*k, r.Float64()), put(3, 2*k+1, r.Float64())
				p.points = append(p.points, [2]float64{x + dx*w, y + dy*h})
			}
			all = append(all, p)
		}
	}
	return tensors, all
}

// centerfaceRead is what a detector must make of it.
func centerfaceRead(all []plain, threshold, perX, perY float64) (want []plain) {
	for _, p := range all {
		if p.score > threshold {
			want = append(want, p)
		}
	}
	want = plainSuppression(want, 0.3, 1)
	for i, p := range want {
		want[i] = p.back(0, 0, perX, perY)
	}
	return want
}

// A photograph of 100x75 pixels is stretched to 128x96. What is found is the
// same for a real graph in ONNX Runtime and whatever the outputs' order.
func TestCenterFace(t *testing.T) {
	t.Parallel()
	tensors, all := centerfaceAnswer(128, 96)
	photo := colourful(t, 100, 75)
	open := scriptedNetwork(pictureOf(-1, -1), centerfaceNames, tensors...)
	fixed := scriptedNetwork(pictureOf(96, 128), centerfaceNames, tensors...)
	mixed := scriptedNetwork(pictureOf(-1, -1), []string{"539", "540", "537", "538"}, tensors[2], tensors[3], tensors[0], tensors[1])
	unnamed := scriptedNetwork(pictureOf(-1, -1), []string{"landmarks", "scale", "offset", "heat"}, tensors[3], tensors[1], tensors[2], tensors[0])
	want := centerfaceRead(all, 0.35, 100.0/128, 75.0/96)
	if len(want) < 10 || len(want) > 200 {
		t.Fatalf("%d of %d candidates remain: the test shows little", len(want), len(all))
	}
	for name, network := range map[string]detect.Network{
		"open": open, "fixed": fixed, "mixed": mixed, "unnamed": unnamed,
		"real": golden.Session(t, open.graph()), "real, fixed": golden.Session(t, fixed.graph()), "real, mixed": golden.Session(t, mixed.graph()),
	} {
		t.Run(name, func(t *testing.T) {
			for profile, o := range map[string]detect.Options{"native": {}, "deepface": {Profile: face.DeepFace}} {
				got, err := seeWith(t, "centerface", network, o, photo)
				if err != nil {
					t.Fatalf("%s: %v", profile, err)
				}
				comparePlain(t, got, want)
			}
			got, err := seeWith(t, "centerface", network, detect.Options{Confidence: 0.7}, photo)
			if err != nil {
				t.Fatal(err)
			}
			comparePlain(t, got, centerfaceRead(all, 0.7, 100.0/128, 75.0/96))
		})
	}
}

// Of two boxes whose inclusive intersection over union is just 0.3 the lesser
// one goes, as the limit is reached.
func TestCenterFaceSuppressesAtTheLimit(t *testing.T) {
	t.Parallel()
	for shared, want := range map[float64]int{6: 1, 5: 2} {
		tensors, _ := centerfaceAnswer(64, 64)
		clear(tensors[0].Data)
		clear(tensors[2].Data)
		put := func(cell int, score, x float64) { // a box of 12x12, inclusively 13x13, from x,10 on
			tensors[0].Data[cell] = float32(score)
			for axis, from := range []float64{10, x} {
				tensors[1].Data[axis*256+cell] = float32(math.Log(3))
				at := []float64{float64(cell / 16), float64(cell % 16)}[axis]
				tensors[2].Data[axis*256+cell] = float32((from+6)/4 - 0.5 - at)
			}
		}
		// Of 13 columns each, 6 shared are 6/20 of all, 5 are 5/21.
		put(4*16+4, 0.9, 10)
		put(4*16+6, 0.8, 10+13-shared)
		network := scriptedNetwork(pictureOf(-1, -1), centerfaceNames, tensors...)
		got, err := seeWith(t, "centerface", network, detect.Options{}, colourful(t, 64, 64))
		if err != nil || len(got) != want {
			t.Errorf("%g columns shared: %d faces, want %d, %v", shared, len(got), want, err)
		}
	}
}

// The input is red, green, blue as they are. A photograph keeps its size but for
// rounding up to 32, up to 1,024 pixels, in DeepFace's reading up to 4,096.
func TestCenterFaceInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width, height int
		options       detect.Options
		want          []int64
	}{
		{64, 32, detect.Options{}, []int64{1, 3, 32, 64}},
		{65, 32, detect.Options{}, []int64{1, 3, 32, 96}},
		{1, 1, detect.Options{}, []int64{1, 3, 32, 32}},
		{1500, 60, detect.Options{}, []int64{1, 3, 64, 1024}},
		{1500, 60, detect.Options{Profile: face.DeepFace}, []int64{1, 3, 64, 1504}},
		{5000, 40, detect.Options{Profile: face.DeepFace}, []int64{1, 3, 64, 4096}},
		{1500, 60, detect.Options{Side: 2000}, []int64{1, 3, 96, 2016}},
		{64, 32, detect.Options{Side: 256, Profile: face.DeepFace}, []int64{1, 3, 128, 256}},
	} {
		tensors, _ := centerfaceAnswer(int(c.want[3]), int(c.want[2]))
		network := scriptedNetwork(pictureOf(-1, -1), centerfaceNames, tensors...)
		if _, err := seeWith(t, "centerface", network, c.options, colourful(t, c.width, c.height)); err != nil {
			t.Errorf("%dx%d %+v: %v", c.width, c.height, c.options, err)
		}
		if !slices.Equal(network.seen.Shape, c.want) {
			t.Errorf("%dx%d %+v: input of %v, want %v", c.width, c.height, c.options, network.seen.Shape, c.want)
		}
		for i, got := range network.seen.Data {
			if c.width != 64 || c.want[3] != 64 {
				break // resampled
			}
			plane, y, x := i/(64*32), i/64%32, i%64
			if want := []uint8{uint8(3 * x), uint8(5 * y), uint8(x + 7*y)}[plane]; got != float32(want) {
				t.Fatalf("plane %d at %d,%d is %g, want %d", plane, x, y, got, want)
			}
		}
	}
}

// The authors' graph declares ten pictures of 32x32. Opened by ort.Loosen it
// takes one of any size.
func TestCenterFaceOfTheAuthors(t *testing.T) {
	t.Parallel()
	tensors, all := centerfaceAnswer(128, 96)
	declared := scriptedNetwork([]ort.Port{{Name: "input.1", Shape: []int64{10, 3, 32, 32}}}, centerfaceNames, tensors...)
	_, err := detect.Open("centerface", []detect.Network{golden.Session(t, declared.graph())}, detect.Options{})
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "10 pictures of 32x32") {
		t.Errorf("as declared: %v", err)
	}
	loose, err := ort.Loosen(declared.graph())
	if err != nil {
		t.Fatal(err)
	}
	got, err := seeWith(t, "centerface", golden.Session(t, loose), detect.Options{}, colourful(t, 100, 75))
	if err != nil {
		t.Fatal(err)
	}
	comparePlain(t, got, centerfaceRead(all, 0.35, 100.0/128, 75.0/96))
}

func TestCenterFaceRefusesOtherGraphs(t *testing.T) {
	t.Parallel()
	ports := func(names []string, planes ...int64) (out []ort.Port) {
		for i, n := range planes {
			out = append(out, ort.Port{Name: names[i], Shape: []int64{1, n, 8, 8}})
		}
		return out
	}
	other := []string{"a", "b", "c", "d", "e"}
	for name, outputs := range map[string][]ort.Port{
		"none": nil, "three": ports(other, 1, 2, 2), "five": ports(other, 1, 2, 2, 10, 1),
		"other planes": ports(other, 1, 2, 2, 8), "named, other planes": ports(centerfaceNames, 1, 2, 4, 10),
		"vectors": {{Name: "537"}, {Name: "538"}, {Name: "539"}, {Name: "540"}},
	} {
		network := &scripted{inputs: pictureOf(-1, -1), outputs: outputs}
		if _, err := detect.Open("centerface", []detect.Network{network}, detect.Options{}); face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	tensors, _ := centerfaceAnswer(64, 64)
	network := scriptedNetwork(pictureOf(64, 64), centerfaceNames, tensors...)
	if _, err := detect.Open("centerface", []detect.Network{network}, detect.Options{Side: 128}); face.CodeOf(err) != face.Invalid {
		t.Errorf("another size for a fixed graph: %v", err)
	}
	photo := colourful(t, 64, 64)
	for at := range tensors {
		for how, data := range map[string][]float32{"no values": nil, "a value missing": tensors[at].Data[1:], "no number": nans(len(tensors[at].Data))} {
			network.answer = slices.Clone(tensors)
			network.answer[at].Data = data
			if _, err := seeWith(t, "centerface", network, detect.Options{}, photo); err == nil {
				t.Errorf("output %d with %s: no error", at, how)
			}
		}
	}
}
