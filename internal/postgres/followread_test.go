package postgres

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pglogrepl"

	"github.com/visagedb/visage/internal/face"
)

// copied is what COPY sends of templates of two dimensions.
func copied(rows int) []byte {
	text := append([]byte(copySignature), make([]byte, 8)...)
	for i := range rows {
		text = binary.BigEndian.AppendUint16(text, 4)
		for range 2 {
			text = append(binary.BigEndian.AppendUint32(text, 16), bytes.Repeat([]byte{byte(i)}, 16)...)
		}
		text = append(text, 0xff, 0xff, 0xff, 0xff) // no identity
		text = binary.BigEndian.AppendUint32(text, 12)
		text = append(text, 0, 2, 0, 0, 0x3f, 0x80, 0, 0, 0xbf, 0x80, 0, 0)
	}
	return append(text, 0xff, 0xff)
}

func TestReadCopy(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, piece, 2*piece + 1} {
		n := 0
		err := readCopy(bytes.NewReader(copied(rows)), 2, func(list []face.Enrolled) error {
			for _, r := range list {
				if r.Face[3] != byte(n) || r.Identity != [16]byte{} || fmt.Sprint(r.Vector) != "[1 -1]" {
					t.Fatalf("row %d is %+v", n, r)
				}
				n++
			}
			return nil
		})
		if err != nil || n != rows {
			t.Errorf("%d of %d rows, %v", n, rows, err)
		}
	}
	whole := copied(2)
	put := func([]face.Enrolled) error { return nil }
	for cut := range len(whole) - 1 {
		if readCopy(bytes.NewReader(whole[:cut]), 2, put) == nil {
			t.Errorf("the first %d of %d bytes are taken for all", cut, len(whole))
		}
	}
	if readCopy(bytes.NewReader(whole), 3, put) == nil {
		t.Error("vectors of 2 dimensions are taken for 3")
	}
	if readCopy(strings.NewReader("a\tb\tc\td\n of a COPY in text"), 2, put) == nil {
		t.Error("text is taken")
	}
}

func TestReadSnapshot(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]uint32{
		"100:100:":                         {98, 99},
		"100:103:101":                      {98, 99, 100, 102},
		"100:104:100,102":                  {98, 99, 101, 103},
		"4294967395:4294967399:4294967396": {98, 99, 101, 102}, // of the second four thousand millions
	} {
		sees, err := readSnapshot(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint32
		for xid := uint32(98); xid < 106; xid++ {
			if sees(xid) {
				got = append(got, xid)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s sees %d, want %d", text, got, want)
		}
	}
	for _, text := range []string{"", "100", "a:b:c"} {
		if _, err := readSnapshot(text); err == nil {
			t.Errorf("%q is taken for a snapshot", text)
		}
	}
}

func TestSlotWord(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, program := range []string{"a", "A", "host/home/é", "host/home/e", strings.Repeat("long", 30), strings.Repeat("long", 31)} {
		word := slotWord(program)
		if seen[word] || len(slotPrefix)+10+1+len(word) > 63 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("%q is %q", program, word)
		}
		seen[word] = true
	}
}

// A table that does not have what is followed of it is said to.
func TestTableWithoutColumn(t *testing.T) {
	t.Parallel()
	column := func(name string) *pglogrepl.RelationMessageColumn {
		return &pglogrepl.RelationMessageColumn{Name: name}
	}
	m := &pglogrepl.RelationMessage{Namespace: "visage", RelationName: "faces", Columns: []*pglogrepl.RelationMessageColumn{column("id")}}
	if _, err := newTable(m); face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "identity_id") {
		t.Errorf("got %v", err)
	}
	m.Namespace = "public"
	if known, err := newTable(m); err != nil || known.kind != otherRows {
		t.Errorf("another schema's table is %+v, %v", known, err)
	}
}
