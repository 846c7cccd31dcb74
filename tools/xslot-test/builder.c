/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Fields that depend on a header's neighbours or on the whole packet. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "layer.h"
#include "util/diag.h"

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

int builder_append(struct builder *builder, const void *bytes, size_t size)
{
	struct packet *packet = builder->packet;

	if (size > sizeof(packet->bytes) - packet->size)
		return fail(
			builder->diag, -EINVAL, "the packet has more than %zu bytes", sizeof(packet->bytes));
	if (bytes)
		memcpy(packet->bytes + packet->size, bytes, size);
	packet->size += size;
	return 0;
}

/* The header before says what this one is, unless the text gave that, or it cannot say. */
static int name_next(struct builder *builder, uint16_t ethertype, int protocol)
{
	const struct layer *before = &builder->layers[builder->n - 1];

	if (before->kind == LAYER_ETH || before->kind == LAYER_TAG) {
		if (!ethertype && protocol >= 0)
			return fail(
				builder->diag, -EINVAL, "a header that belongs after IP follows Ethernet");
		if (ethertype && before->next_at >= 0)
			put16(builder->packet->bytes + before->next_at, ethertype);
	} else if (protocol >= 0 && before->next_at >= 0) {
		builder->packet->bytes[before->next_at] = (uint8_t)protocol;
	}
	return 0;
}

static int begin_ethernet(struct builder *builder)
{
	static const uint8_t header[ETH_HLEN] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };

	builder->layers[builder->n++] = (struct layer){ .kind = LAYER_ETH, .next_at = 12, .sum_at = -1 };
	return builder_append(builder, header, sizeof(header));
}

int builder_begin(struct builder *builder, enum layer_kind kind, struct layer_name name, size_t size,
	uint8_t **ret_bytes, struct layer **ret_layer)
{
	int r = 0;

	if (builder->n + 2 > LAYERS_MAX)
		return fail(builder->diag, -EINVAL, "more than %d headers", LAYERS_MAX - 1);
	if (kind != LAYER_ETH && builder->n == 0)
		r = begin_ethernet(builder);
	if (r == 0 && builder->n > 0)
		r = name_next(builder, name.ethertype, name.protocol);
	if (r < 0)
		return r;
	*ret_bytes = builder->packet->bytes + builder->packet->size;
	*ret_layer = &builder->layers[builder->n++];
	**ret_layer = (struct layer){ .kind = kind,
		.at = builder->packet->size,
		.next_at = -1,
		.sum_at = -1,
		.protocol = (uint8_t)name.protocol };
	return builder_append(builder, NULL, size);
}

static uint32_t add16(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static unsigned fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* The IP header that `index` lies behind; NULL when there is none, or it is a fragment. */
static const struct layer *ip_of(const struct builder *builder, size_t index)
{
	while (index-- > 0) {
		const struct layer *layer = &builder->layers[index];

		if (layer->fragment)
			return NULL;
		if (layer->kind == LAYER_IP4 || layer->kind == LAYER_IP6)
			return layer;
		if (layer->kind != LAYER_EXTENSION)
			return NULL;
	}
	return NULL;
}

static void finish_transport(struct builder *builder, size_t index)
{
	const struct layer *layer = &builder->layers[index], *ip = ip_of(builder, index);
	uint8_t *bytes = builder->packet->bytes;
	size_t size = builder->packet->size - layer->at;
	uint32_t sum = 0;

	if (layer->protocol == IPPROTO_UDP && !layer->length_given)
		put16(bytes + layer->at + 4, (unsigned)size);
	if (layer->sum_at < 0 || !ip)
		return;
	if (layer->pseudo && ip->kind == LAYER_IP4)
		sum = add16(0, bytes + ip->at + 12, 8);
	else if (layer->pseudo)
		sum = add16(0, bytes + ip->at + 8, 32);
	if (layer->pseudo)
		sum += layer->protocol + (uint32_t)size;
	sum = fold(add16(sum, bytes + layer->at, size));
	put16(bytes + layer->sum_at, layer->protocol == IPPROTO_UDP && !sum ? 0xffff : sum);
}

static void finish_ip(struct builder *builder, const struct layer *layer)
{
	uint8_t *header = builder->packet->bytes + layer->at;
	size_t size = builder->packet->size - layer->at;

	if (layer->kind == LAYER_IP6) {
		if (!layer->length_given)
			put16(header + 4, (unsigned)(size - 40));
		return;
	}
	if (!layer->length_given)
		put16(header + 2, (unsigned)size);
	if (layer->sum_at >= 0)
		put16(header + 10, fold(add16(0, header, (header[0] & 15) * 4)));
}

void builder_finish(struct builder *builder)
{
	for (size_t i = builder->n; i-- > 0;) {
		const struct layer *layer = &builder->layers[i];

		if (layer->kind == LAYER_L4)
			finish_transport(builder, i);
		else if (layer->kind == LAYER_IP4 || layer->kind == LAYER_IP6)
			finish_ip(builder, layer);
	}
	if (builder->pad > builder->packet->size)
		builder->packet->size = builder->pad;
	if (builder->cut && builder->cut < builder->packet->size)
		builder->packet->size = builder->cut;
}
