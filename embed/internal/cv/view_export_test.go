package cv

import "image"

// View is a part of the picture that shares its memory, for tests.
func (m *Image) View(part image.Rectangle) *Image { return own(m.mat.Region(part)) }
