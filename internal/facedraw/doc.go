// Package facedraw draws synthetic portraits: people who do not exist, each the
// same person in every picture of theirs. It lets the whole road from a
// photograph to an identity be shown and tested where there are no photographs.
//
// A Person is a head in three dimensions with hair, skin and colours, drawn from
// a seed. A View is a pose, a light, an expression and a camera. Render puts the
// head's surfaces through a depth buffer and shades every sample by its normal,
// its occlusion and its shadow, so that a turned head or a lamp from the side
// changes a picture as it would change a photograph.
//
// Lengths are in head units: 1 is half the width of an average face. The origin
// lies between the eyes; x grows to the picture's right, y downwards, z towards
// the viewer. Colours are linear light unless said otherwise. The same seeds
// give the same picture on every machine, but for rounding.
package facedraw
