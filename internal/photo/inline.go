package photo

import (
	"encoding/base64"
	"io"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Inline decodes a photograph that was sent as text: a data URI (RFC 2397), or
// base64 alone. Base64 (RFC 4648) may be of the standard or the URL-safe
// alphabet, with or without padding, and hold white space anywhere; a data URI
// may escape any character by its percent-encoding, and is percent-encoded
// throughout where it does not say base64. The media type is not looked at.
// The size is counted first, and nothing larger than the limit is allocated.
// Errors are face.Invalid (Inline is not allowed, or the text is no such
// encoding) and face.TooLarge.
//
// Beware of forms: in application/x-www-form-urlencoded a "+" that was not
// escaped arrives as white space, and is then missing here.
func (r *Reader) Inline(text string) ([]byte, error) {
	if !r.allows(Inline) {
		return nil, r.refused(Inline, text)
	}
	start := strings.TrimLeft(text, whiteSpace)
	if KindOf(start) != Inline {
		return r.decodeBase64(func() io.Reader { return strings.NewReader(text) })
	}
	header, encoded, found := strings.Cut(start, ",")
	if !found {
		return nil, face.Errorf(face.Invalid, "data URI without a comma: write data:image/jpeg;base64, and then the base64")
	}
	open := func() io.Reader { return &unescaped{encoded} }
	if saysBase64(header) {
		return r.decodeBase64(open)
	}
	size, err := io.Copy(io.Discard, open())
	if err != nil {
		return nil, err
	}
	return r.decode(open(), size)
}

// saysBase64 looks for the last of the header's parameters.
func saysBase64(header string) bool {
	i := strings.LastIndexByte(header, ';')
	return i >= 0 && strings.EqualFold(strings.Trim(header[i+1:], whiteSpace), "base64")
}

// decodeBase64 decodes a text that can be opened twice: to count, and to decode.
func (r *Reader) decodeBase64(open func() io.Reader) ([]byte, error) {
	first := newLetters(open())
	n, err := io.Copy(io.Discard, first)
	if err != nil {
		return nil, err
	}
	if padded := n + first.padding; n%4 == 1 || first.padding > 0 && padded%4 != 0 {
		return nil, face.Errorf(face.Invalid, "base64 of %d characters, padding included, is cut short or too long", padded)
	}
	return r.decode(base64.NewDecoder(base64.RawStdEncoding, newLetters(open())), n/4*3+n%4*6/8)
}

// decode reads so many bytes, unless that is more than the limit.
func (r *Reader) decode(from io.Reader, size int64) ([]byte, error) {
	if size > r.cfg.MaxBytes {
		return nil, face.Errorf(face.TooLarge, "the photograph sent has more than %d bytes", r.cfg.MaxBytes)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(from, data); err != nil {
		return nil, face.Wrap(face.Internal, err, "decode a photograph that was sent")
	}
	return data, nil
}
