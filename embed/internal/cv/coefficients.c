#include "coefficients.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

struct visage_coefficients {
	struct jpeg_decompress_struct info;
	struct jpeg_error_mgr errors;
	jmp_buf failed; // where errors lead to
	char text[JMSG_LENGTH_MAX];
};

// fail leaves libjpeg with the text of what went wrong. The info is the first of a picture.
static void fail(j_common_ptr info) {
	visage_coefficients *c = (visage_coefficients *)info;
	info->err->format_message(info, c->text);
	longjmp(c->failed, 1);
}

// warn takes a warning, whose level is negative, for an error: what is read is well-formed.
static void warn(j_common_ptr info, int level) {
	if (level < 0) {
		fail(info);
	}
}

visage_coefficients *visage_coefficients_new(void) {
	return calloc(1, sizeof(visage_coefficients));
}

void visage_coefficients_close(visage_coefficients *c) {
	jpeg_destroy_decompress(&c->info); // of zeros it frees nothing
	free(c);
}

const char *visage_coefficients_open(visage_coefficients *c, const unsigned char *jpeg, unsigned long bytes, int reduction) {
	c->info.err = jpeg_std_error(&c->errors);
	c->errors.error_exit = fail;
	c->errors.emit_message = warn;
	if (setjmp(c->failed)) {
		return c->text;
	}
	jpeg_create_decompress(&c->info);
	jpeg_mem_src(&c->info, jpeg, bytes);
	jpeg_read_header(&c->info, TRUE);
	c->info.buffered_image = TRUE; // which keeps the coefficients
	c->info.do_block_smoothing = FALSE;
	c->info.out_color_space = JCS_EXT_BGR;
	c->info.scale_num = 1;
	c->info.scale_denom = reduction;
	jpeg_start_decompress(&c->info);
	while (jpeg_consume_input(&c->info) != JPEG_REACHED_EOI) {
	}
	return NULL;
}

const char *visage_coefficients_rows(visage_coefficients *c, int component, int wide, int high, short **rows) {
	if (setjmp(c->failed)) {
		return c->text;
	}
	const jpeg_component_info *is = &c->info.comp_info[component];
	jvirt_barray_ptr blocks = jpeg_read_coefficients(&c->info)[component];
	// What there is of blocks fills whole units of a scan of several components.
	if (wide != (int)(is->width_in_blocks + is->h_samp_factor - 1) / is->h_samp_factor * is->h_samp_factor ||
	    high != (int)(is->height_in_blocks + is->v_samp_factor - 1) / is->v_samp_factor * is->v_samp_factor) {
		return "a component has other sides in libjpeg";
	}
	for (int y = 0; y < high; y++) {
		rows[y] = c->info.mem->access_virt_barray((j_common_ptr)&c->info, blocks, y, 1, TRUE)[0][0];
	}
	return NULL;
}

const char *visage_coefficients_pixels(visage_coefficients *c, int width, int height, unsigned char *to) {
	if (setjmp(c->failed)) {
		return c->text;
	}
	jpeg_start_output(&c->info, c->info.input_scan_number);
	if ((int)c->info.output_width != width || (int)c->info.output_height != height) {
		return "the picture has other sides in libjpeg";
	}
	while (c->info.output_scanline < c->info.output_height) {
		JSAMPROW row = to + 3L * width * c->info.output_scanline;
		jpeg_read_scanlines(&c->info, &row, 1);
	}
	jpeg_finish_output(&c->info);
	return NULL;
}
