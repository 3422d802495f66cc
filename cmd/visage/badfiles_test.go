package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// An ingest never aborts for a bad file: it says what is wrong with each, by its
// content and not by its name (reliability tests 6, 11, 12 and 13).
func TestIngestOfBadFiles(t *testing.T) {
	t.Parallel()
	v, root := newVisage(t), t.TempDir()
	good, jpg := encoded(t, drawn(1, 80)), asJPEG(t, drawn(1, 80))
	const svg = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>`
	want := map[string]face.Code{}
	for name, file := range map[string]struct {
		data []byte
		want face.Code
	}{
		"good.jpg":         {good, ""}, // a PNG
		"page.html":        {append(slices.Clone(jpg), "<html><script>alert(1)</script>"...), ""},
		"empty.jpg":        {nil, face.Empty},
		"text.jpg":         {[]byte("no picture"), face.Unsupported},
		"zero.png":         {make([]byte, 100), face.Unsupported},
		"page.jpg":         {append([]byte("<!DOCTYPE html><img src='"), jpg...), face.Unsupported},
		"drawing.svg":      {[]byte(svg), face.Unsupported},
		"drawing.png":      {[]byte(svg), face.Unsupported},
		"script.gif":       {[]byte("GIF89a/*\x08\x00\x00\x00*/=1;alert(1)"), face.Undecodable},
		"cut.jpg":          {jpg[:len(jpg)/2], face.Undecodable},
		"cut.png":          {good[:len(good)/2], face.Undecodable},
		"program.jpg":      {[]byte("\x7fELF\x02\x01\x01"), face.Unsupported},
		"nothing else.jpg": {jpg[:3], face.Undecodable},
	} {
		if err := makeFile(filepath.Join(root, "b", name), file.data); err != nil {
			t.Fatal(err)
		}
		if file.want != "" {
			want[name] = file.want
		}
	}
	for name, target := range map[string]string{"loop": "../b", "self.jpg": "self.jpg", "out.jpg": "/etc/passwd", "endless.jpg": "/dev/zero"} {
		if err := os.Symlink(target, filepath.Join(root, "b", name)); err != nil {
			t.Fatal(err)
		}
		want[name] = face.Unreadable
	}
	want["loop"] = face.Exists // a folder that is read already
	for name, kind := range map[string]uint32{"pipe.jpg": syscall.S_IFIFO, "socket.jpg": syscall.S_IFSOCK} {
		if err := syscall.Mknod(filepath.Join(root, "b", name), kind|0o644, 0); err != nil {
			t.Fatal(err)
		}
		want[name] = face.Unreadable
	}
	report := answer[ingest.Report](v, with(builtIn, "ingest", root)...)
	got := map[string]face.Code{}
	for _, j := range slices.Concat(report.Rejections, report.Folders) {
		got[filepath.Base(j.Path)] = j.Reason
		if j.Message == "" {
			t.Errorf("%s is rejected without a word", j.Path)
		}
	}
	if report.Ingested != 2 || !maps.Equal(got, want) {
		t.Errorf("%d ingested, want 2, and rejected are %v, want %v", report.Ingested, got, want)
	}
	if again := answer[ingest.Report](v, with(builtIn, "ingest", root)...); again.Ingested != 0 || again.Unchanged != 13 {
		t.Errorf("a second run: %+v", again)
	}
}

// bomb is a whole PNG of side x side black or white pixels, of a hundredth of the
// bytes.
func bomb(t *testing.T, side int) []byte {
	t.Helper()
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(side)), uint32(side))
	head = append(head, 1, 0, 0, 0, 0)
	var data bytes.Buffer
	packed, err := zlib.NewWriterLevel(&data, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]byte, 1+(side+7)/8)
	for range side {
		if _, err := packed.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", string(head)), pngChunk("IDAT", data.String()), pngChunk("IEND", ""))
}

// peak runs an ingest of a folder in a process of its own and returns its report
// and the most memory that it had, in MiB.
func peak(t *testing.T, root string, flags ...string) (ingest.Report, int64) {
	t.Helper()
	cmd := process(t, append(with(builtIn, "ingest", root, "--json"), with(newVisage(t).flags, flags...)...)...)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Skip("the system does not tell a process's memory")
	}
	if strings.Contains(cmd.errOut.String(), "error") {
		t.Errorf("a library prints what it thinks of files: %s", &cmd.errOut)
	}
	return parse[ingest.Report](t, cmd.out.String()), used.Maxrss >> 10
}

// Pictures of more pixels than are handled are refused for what their headers
// say, at no cost (reliability test 7).
func TestIngestOfBombs(t *testing.T) {
	t.Parallel()
	plain, root := t.TempDir(), t.TempDir()
	huge, jpg := bomb(t, 30_000), asJPEG(t, drawn(1, 80))
	at := bytes.Index(jpg, []byte("\xff\xc0"))
	copy(jpg[at+5:], "\xff\xdc\xff\xdc") // 65,500 x 65,500
	for name, data := range map[string][]byte{"png": huge, "png2": append(slices.Clone(huge), 1), "jpg": jpg,
		"gif": []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x08\x02\x00\x00\x00;")} {
		if err := makeFile(filepath.Join(root, "bombs", name), data); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{plain, root} {
		if err := makeFile(filepath.Join(dir, "ann", "1.png"), encoded(t, drawn(1, 80))); err != nil {
			t.Fatal(err)
		}
	}
	_, without := peak(t, plain)
	report, beside := peak(t, root)
	if report.Ingested != 1 || !maps.Equal(report.Rejected, map[face.Code]int{face.TooLarge: 4}) {
		t.Errorf("%+v", report)
	}
	if beside-without > 50 {
		t.Errorf("an ingest takes %d MiB with bombs and %d without", beside, without)
	}
}

// spoilt are n damaged photographs of four kinds in turn: cut short, with a bit
// turned, with junk in the middle, and no photographs at all.
func spoilt(t *testing.T, n int) (files [][]byte, reasons map[face.Code]int) {
	t.Helper()
	png, jpg := encoded(t, drawn(1, 80)), asJPEG(t, drawn(1, 80))
	reasons = map[face.Code]int{}
	for i := range n {
		data, why := slices.Clone(png), face.Undecodable
		pixels := pngHead + 8 + i*7%(len(png)-pngHead-8-4-12)
		switch i % 4 {
		case 0:
			data = jpg[:len(jpg)-3-i]
		case 1:
			data[pixels] ^= 1 << (i % 8)
		case 2:
			data = slices.Insert(data, pixels, []byte(fmt.Sprint("junk", i))...)
		default:
			data, why = fmt.Appendf(nil, "%d is no photograph%s", i, strings.Repeat("\xff\xd8\xff", i)), face.Unsupported
		}
		reasons[why]++
		files = append(files, data)
	}
	return files, reasons
}

// A thousand damaged photographs among good ones cost the good ones nothing: each
// is a line of the report, with its reason, and memory is that of a few (reliability
// test 6).
func TestThousandCorruptPhotographs(t *testing.T) {
	t.Parallel()
	folder := func(n int) (root string, reasons map[face.Code]int) {
		root = t.TempDir()
		files, reasons := spoilt(t, n)
		for i, data := range files {
			if err := makeFile(filepath.Join(root, fmt.Sprintf("p%d", i%9), fmt.Sprintf("%d.jpg", i)), data); err != nil {
				t.Fatal(err)
			}
		}
		good := encoded(t, drawn(1, 80))
		for i := range 20 {
			if err := makeFile(filepath.Join(root, fmt.Sprintf("p%d", i%9), fmt.Sprintf("good%d.png", i)), append(slices.Clone(good), byte(i))); err != nil {
				t.Fatal(err)
			}
		}
		return root, reasons
	}
	few, _ := folder(40)
	many, reasons := folder(1000)
	list := filepath.Join(t.TempDir(), "rejects.jsonl")
	_, little := peak(t, few)
	report, much := peak(t, many, "--report", list)
	if report.Files != 1020 || report.Ingested != 20 || !maps.Equal(report.Rejected, reasons) {
		t.Errorf("%d files, %d ingested, rejected %v, want %v", report.Files, report.Ingested, report.Rejected, reasons)
	}
	listed := lines(t, list)
	for name, j := range listed {
		if j.Message == "" || strings.HasPrefix(name, "good") {
			t.Errorf("%s: %+v", name, j)
		}
	}
	if len(listed) != 1000 || much-little > 64 {
		t.Errorf("the report has %d lines; memory %d MiB, %d for 60 files", len(listed), much, little)
	}
}

// grid is a picture of n x n drawn faces, those of four people, of so many pixels.
func grid(n, side int) *image.RGBA {
	people := []*image.RGBA{drawn(1, side), drawn(2, side), drawn(3, side), drawn(4, side)}
	var faces []*image.RGBA
	for i := range n {
		faces = append(faces, people[i%4])
	}
	row := beside(faces...)
	out := image.NewRGBA(image.Rect(0, 0, row.Rect.Dx(), n*side))
	for y := range n {
		copy(out.Pix[y*len(row.Pix):], row.Pix)
	}
	return out
}

// No face, four hundred, one that fills the photograph and one of a few pixels
// (reliability test 20): none are no rows and a reason, of many all count that the
// detector finds, for there is no cap, a large one is found, a tiny one is refused.
func TestIngestOfAnyFaces(t *testing.T) {
	t.Parallel()
	nobody, tiny := encoded(t, image.NewGray(image.Rect(0, 0, 300, 300))), encoded(t, beside(drawn(1, 16), image.NewRGBA(image.Rect(0, 0, 300, 300))))
	crowd, large := encoded(t, grid(20, 80)), encoded(t, drawn(1, 300).SubImage(image.Rect(40, 50, 260, 270)))
	for name, c := range sittings(t) {
		if name == "a photograph" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, root, atLeast := newVisage(t), t.TempDir(), 250
			flags := with(c.flags, "--min-sharpness", "0")
			if name == "real models" {
				flags, atLeast = append(flags, "--detector-size", "1920"), 380
			}
			for name, data := range map[string][]byte{"none/1.png": nobody, "tiny/1.png": tiny, "crowd.png": crowd} {
				if err := makeFile(filepath.Join(root, name), data); err != nil {
					t.Fatal(err)
				}
			}
			report := answer[ingest.Report](v, with(flags, "ingest", root)...)
			if report.Ingested != 1 || report.Faces < atLeast || report.Faces != len(facesIn(t, v.url())) {
				t.Errorf("%d ingested, %d faces", report.Ingested, report.Faces)
			}
			reasons := map[string]face.Code{}
			for _, j := range report.Rejections {
				reasons[filepath.Base(filepath.Dir(j.Path))] = j.Reason
			}
			if tiny := reasons["tiny"]; reasons["none"] != face.NoFace || tiny != face.NoFace && tiny != face.TooSmall {
				t.Errorf("rejected are %+v", report.Rejections)
			}
			if f := compare(t, c.flags, map[string][]byte{"large": large}, "large")["large"]; (f.X2-f.X1)*(f.Y2-f.Y1) < 0.4*220*220 {
				t.Errorf("a large face is found as %+v", f)
			}
		})
	}
}
