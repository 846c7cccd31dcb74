/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The headers that xslot-test knows. */
#ifndef XSLOT_TEST_LAYER_H
#define XSLOT_TEST_LAYER_H

#include <stdbool.h>

#include "packet.h"
#include "words.h"

#define LAYERS_MAX 16

enum layer_kind { LAYER_DATA, LAYER_ETH, LAYER_TAG, LAYER_IP4, LAYER_IP6, LAYER_EXTENSION, LAYER_L4 };

struct layer {
	enum layer_kind kind;
	size_t at;
	int next_at; /* where its "what comes next" stands; -1: nowhere, or given */
	bool length_given;
	int sum_at;	  /* of its checksum; -1: none */
	bool pseudo;	  /* the checksum covers the IP addresses too */
	bool fragment;	  /* what follows is a part of something: no checksum is known */
	uint8_t protocol; /* of a header behind IP */
};

/* What the header before says that this one is: by its ethertype, or its number behind IP. */
struct layer_name {
	uint16_t ethertype; /* 0: it has none */
	int protocol;	    /* -1: it has none */
};

#define NAMELESS ((struct layer_name){ 0, -1 })

struct builder {
	struct packet *packet;
	struct xslot_diag *diag;
	struct layer layers[LAYERS_MAX];
	size_t n;
	size_t cut, pad; /* 0: neither; applied last */
};

/* The header `name` with the words that describe it; unknown ones are named, with those there are. */
int layer_add(struct builder *builder, const char *name, struct words *words);
/* "text" with \n, \r, \0, \xNN, \\, \". */
int layer_text(struct builder *builder, const char *quoted);

/* For the makers of headers: what comes before says that this follows, then `size` zero bytes. */
int builder_begin(struct builder *builder, enum layer_kind kind, struct layer_name name, size_t size,
	uint8_t **ret_bytes, struct layer **ret_layer);
int builder_append(struct builder *builder, const void *bytes, size_t size);
void builder_finish(struct builder *builder);

int layer_ip(struct builder *builder, struct words *words);
int layer_extension(struct builder *builder, const char *name, struct words *words);
int layer_transport(struct builder *builder, const char *name, struct words *words);

#endif
