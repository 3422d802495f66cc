// Package eval measures how well faces are told apart, with the definitions of
// ISO/IEC 19795-1 (biometric performance testing and reporting).
//
// Verify runs the pairs protocol: a list of pairs of photographs, each of one
// person (genuine, in the standard's words mated) or of two (impostor,
// non-mated). Its rates are of comparisons:
//
//	FMR   false match rate: the share of impostor comparisons that match
//	FNMR  false non-match rate: the share of genuine comparisons that do not
//	TAR   true accept rate at a stated FMR: 1 - FNMR there
//	EER   equal error rate: where FMR and FNMR are the same
//	AUC   area under the curve of 1 - FNMR over FMR: the probability that a
//	      genuine pair is closer than an impostor pair, equal ones counting half
//
// Identify runs the identification protocol: a folder of identities enrolled
// and a folder of probes searched. Its rates are of searches:
//
//	rank-k  the share of mated searches whose identity is among the k nearest
//	FNIR    false negative identification rate, FNIR(N,R,T): the share of mated
//	        searches whose identity is not among the R nearest within threshold T
//	FPIR    false positive identification rate, FPIR(N,T): the share of non-mated
//	        searches that return anybody within threshold T
//
// Spoof runs the test of a model of liveness with the definitions of ISO/IEC 30107-3
// (presentation attack detection): a folder of photographs of live faces and one of
// photographs of pictures of faces. Its rates are of presentations of which the model
// says something:
//
//	APCER  attack presentation classification error rate: the share of attacks of
//	       one kind that pass for live; of several kinds the worst counts
//	BPCER  bona fide presentation classification error rate: the share of live
//	       faces that are taken for attacks
//	ACER   the mean of the worst APCER and BPCER, as the literature reports it
//	EER    where the APCER of all attacks together and BPCER are the same
//
// Photographs in which no face was found (failures to acquire) do not vanish
// from the figures: they match nobody, and their number and reasons stand
// beside the rates.
package eval
