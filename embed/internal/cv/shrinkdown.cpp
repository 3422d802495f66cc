#include "shrinkdown.h"

#include "fast.h"
#include <algorithm>
#include <cmath>
#include <cstring>

// most is how many bytes can be added up in 16 bits.
static const int most = 256;

// line is how many bytes a processor reads at once.
static const int line = 64;

// Shares are a Cover's for numbers of 16 bits, of which the upper half of the product is
// in levelUnits: of a byte times 256, and of a sum of bytes times scale.
// They are rounded down, so that no level exceeds 15 bits.
struct Shares {
	unsigned short by, between, lastBy, scale, half;

	explicit Shares(const Cover &c) : scale(1) {
		const int inner = std::max(0, c.count - 2), sums = (inner + most - 1) / most;
		while (2 * scale * std::max(1, inner) <= most) {
			scale = static_cast<unsigned short>(2 * scale);
		}
		const auto share = [](double part, int times) { return static_cast<unsigned short>(part * levelUnits * 65536 / times); };
		by = share(c.by, 256);
		lastBy = share(c.lastBy, 256);
		between = inner > 0 ? share(c.between, scale) : 0;
		half = static_cast<unsigned short>((2 + sums) / 2);
	}
};

// add adds the upper halves of products.
template <int n>
__attribute__((always_inline)) static inline void add(const unsigned short *values, unsigned short share, unsigned short *to) {
	for (int i = 0; i < n; i++) {
		const auto product = static_cast<unsigned short>(static_cast<unsigned>(values[i]) * share >> 16);
		to[i] = static_cast<unsigned short>(to[i] + product);
	}
}

// edge adds one row.
template <int n>
__attribute__((always_inline)) static inline void edge(const unsigned char *row, unsigned short share, unsigned short *to) {
	unsigned short values[n];
	for (int i = 0; i < n; i++) {
		values[i] = static_cast<unsigned short>(row[i] << 8);
	}
	add<n>(values, share, to);
}

// part is down for n bytes of at least one row, n so small that all sums stay in registers.
template <int n>
__attribute__((always_inline)) static inline void part(const unsigned char *rows, long stride, int count, const Shares &s, short *to) {
	unsigned short levels[n];
	std::fill_n(levels, n, s.half); // of what the products lose
	edge<n>(rows, s.by, levels);
	edge<n>(rows + stride * (count - 1), s.lastBy, levels);
	for (int y = 1; y < count - 1;) {
		unsigned short sums[n];
		for (int i = 0; i < n; i++) {
			sums[i] = rows[stride * y + i];
		}
		for (const int end = std::min(y + most, count - 1); ++y < end;) {
			const unsigned char *row = rows + stride * y;
			for (int i = 0; i < n; i++) {
				sums[i] = static_cast<unsigned short>(sums[i] + row[i]);
			}
		}
		for (int i = 0; i < n; i++) {
			sums[i] = static_cast<unsigned short>(sums[i] * s.scale);
		}
		add<n>(sums, s.between, levels);
	}
	std::memcpy(to, levels, sizeof levels);
}

// all is down with the shares. Meanwhile the rows of the next pixel come.
FAST static void all(const unsigned char *rows, long stride, int count, const Shares &s, int n, short *to) {
	if (n < line) {
		for (int x = 0; x < n; x++) {
			part<1>(rows + x, stride, count, s, to + x);
		}
		return;
	}
	for (int next = 0; next < n; next += line) {
		const int x = std::min(next, n - line);
		for (int y = count; y < 2 * count; y++) {
			__builtin_prefetch(rows + stride * y + x);
		}
		part<line>(rows + x, stride, count, s, to + x);
	}
}

void down(const unsigned char *rows, long stride, const Cover &c, int n, short *to) {
	all(rows, stride, c.count, Shares(c), n, to);
}
