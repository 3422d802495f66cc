// Package synthetic makes galleries of any size whose templates have the
// statistics of a recogniser's, for measuring search: how alike templates of one
// person are, how alike those of different people, and in how many dimensions they
// really differ. Templates follow from a seed: the same Config gives the same ones,
// each by itself, in any order and at once.
//
// A template is x = q u + sqrt(1-q^2) n, brought to length 1. The direction u is the
// person's and n the photograph's, both drawn from a normal distribution with the
// variances of spectrum along the axes, and of length 1 each; q, the photograph's
// quality, is drawn from a normal distribution. All is then turned by a fixed
// random rotation, so that no component is more than another, as in a network's
// output.
//
//   - Two photographs of one person have the cosine q1 q2 + noise, so mean and
//     deviation of q follow from those of the genuine cosine.
//   - Two people's cosine has mean 0 and a deviation of 1/sqrt(d), where d is the
//     effective dimension (the participation ratio of the variances, (sum v)^2 /
//     sum v^2).
package synthetic
