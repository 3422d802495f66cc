// Package quality measures how well a face is seen in a crop of it, and says what
// that is worth: Assess makes one score in [0,1] of face.Measures, with the parts it
// is made of and the reasons why it is low. What a score has to be for a face to be
// used is for the caller to say.
//
// The parts are components of ISO/IEC 29794-5 (face image quality) that can be had
// without a network: luminance mean and variance and pose are mapped to [0,1] as that
// standard's reference implementation does (OFIQ of the German BSI,
// OFIQlib/modules/measures). Size, sharpness, alignment and confidence are mapped by
// rules of ours, since the standard's are made for portraits in passports, and its
// sharpness takes a trained forest. That the score is the product of the parts, with
// the square root of brightness and of contrast, is ours too: the standard's unified
// score is a network's.
//
// The score is monotone: with more pixels, sharpness, contrast or confidence, a
// smaller residual, or a head less turned, it does not fall; with brightness it rises
// up to the middle of the scale and falls after it.
//
// Spoil does to photographs, on purpose, what makes faces hard to recognise.
package quality
