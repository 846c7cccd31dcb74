/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A timer that is set before each callback and cleared after it costs two system calls, and no wake-up as
 * long as all is well. The signals that end the process belong to the loop, which reads them from a signalfd.
 * If the loop hangs, this thread polls another signalfd for them; it reads none, so none is lost if the
 * callback returns after all.
 */
#include "host/plugin/hang.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "host/plugin/crash.h"
#include "host/plugin/quarantine.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/wake.h"

#define LOOP_US 5000000
#define WORKER_US 10000000
#define FATAL_US 60000000 /* as long as `check` gives one, see guard.h */

static struct hang_limits limits;
static pthread_t thread;
static int timer = -1, signals = -1, woken = -1; /* timer < 0: not open */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over all below */
static struct place current;
static bool running, named, triggered, stopping, quit;
static uint64_t begun_us, stopping_us;

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool on_loop(void)
{
	return current.thread == getpid();
}

static uint64_t limit_us(void)
{
	return on_loop() ? limits.loop_us : limits.worker_us;
}

/* 0: never. */
static void set_timer(uint64_t at_us)
{
	const struct itimerspec at = {
		.it_value = { (time_t)(at_us / 1000000), (long)(at_us % 1000000) * 1000 },
	};

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* When there is something to do next about what runs. */
static uint64_t next_us(void)
{
	uint64_t at = UINT64_MAX;

	if (!named)
		return begun_us + limit_us();
	if (!triggered && !on_loop() && limits.trigger)
		at = begun_us + limits.fatal_us;
	if (stopping && stopping_us + limit_us() < at)
		at = stopping_us + limit_us();
	return at == UINT64_MAX ? 0 : at;
}

static const char *prefix(void)
{
	return current.slot[0] ? ": " : "";
}

static double seconds(uint64_t since_us)
{
	return (double)(now_us() - since_us) / 1000000;
}

static void name_it(void)
{
	named = true;
	crash_hangs(true);
	log_error("%s%splugin %s: its %s hangs: it has not returned for %.1f s; %s", current.slot, prefix(),
		current.plugin, current.callback, seconds(begun_us),
		on_loop() ? "until it does, the host answers no request. Packets are not delayed"
			  : "until it does, nothing else can be changed. Packets are not delayed");
}

/* Nobody gets out of the callback any more: it would have to take the lock. */
static void end_it(void)
{
	log_error(
		"%s%splugin %s: its %s hangs, and the host has to stop: it ends at once, without stopping plugins; the chains in the kernel keep running",
		current.slot, prefix(), current.plugin, current.callback);
	quarantine_count_hang();
	limits.end();
}

static bool is_asked_to_end(void)
{
	struct pollfd poll_signals = { .fd = signals, .events = POLLIN };

	if (stopping && now_us() >= stopping_us + (on_loop() ? 0 : limit_us()))
		return true;
	return on_loop() && poll(&poll_signals, 1, 0) == 1;
}

/* With the lock. */
static void look(void)
{
	if (!running)
		return;
	if (!named && now_us() >= begun_us + limit_us())
		name_it();
	if (named && !triggered && !on_loop() && limits.trigger && now_us() >= begun_us + limits.fatal_us) {
		triggered = true;
		log_error("%s%splugin %s: its %s still hangs: triggering the watchdog", current.slot,
			prefix(), current.plugin, current.callback);
		limits.trigger();
	}
	if (named && is_asked_to_end())
		end_it();
	set_timer(next_us());
}

static void *run(void *data)
{
	for (;;) {
		struct pollfd polled[] = { { .fd = woken, .events = POLLIN },
			{ .fd = timer, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
		uint64_t n;

		pthread_mutex_lock(&lock);
		look();
		if (running && named && on_loop())
			polled[2].fd = signals;
		if (quit) {
			pthread_mutex_unlock(&lock);
			return NULL;
		}
		pthread_mutex_unlock(&lock);
		poll(polled, 3, -1);
		if (read(timer, &n, sizeof(n)) < 0 && read(woken, &n, sizeof(n)) < 0)
			continue;
	}
}

static void trigger_watchdog(void)
{
	sd_notify(0, "WATCHDOG=trigger");
}

/* Nothing that waits for the callback may run. */
static void end_process(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=ended while a plugin's callback hung");
	crash_end_process();
}

struct hang_limits hang_limits_of_host(void)
{
	struct hang_limits result = {
		.loop_us = LOOP_US, .worker_us = WORKER_US, .fatal_us = FATAL_US, .end = end_process
	};
	uint64_t watchdog_us;

	if (sd_watchdog_enabled(0, &watchdog_us) <= 0)
		return result;
	result.trigger = trigger_watchdog;
	/* It is to be named before the watchdog has its way. */
	if (watchdog_us / 3 < result.loop_us)
		result.loop_us = watchdog_us / 3;
	return result;
}

int hang_open(const struct hang_limits *chosen, struct xslot_diag *diag)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	limits = *chosen;
	running = named = triggered = stopping = quit = false;
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r = signals < 0 || woken < 0 || timer < 0 ? -errno : crash_start_thread(&thread, run, NULL);
	if (r == 0)
		return 0;
	close(signals);
	close(woken);
	close(timer);
	timer = -1;
	return fail(diag, r, "cannot start the thread that watches for hanging callbacks: %s", strerror(-r));
}

void hang_close(void)
{
	if (timer < 0)
		return;
	pthread_mutex_lock(&lock);
	quit = true;
	pthread_mutex_unlock(&lock);
	wake(woken);
	pthread_join(thread, NULL);
	close(signals);
	close(woken);
	close(timer);
	timer = -1;
}

void hang_begin(const struct place *place)
{
	if (timer < 0)
		return;
	pthread_mutex_lock(&lock);
	current = *place;
	running = true;
	begun_us = now_us();
	set_timer(next_us());
	pthread_mutex_unlock(&lock);
}

void hang_end(void)
{
	if (timer < 0)
		return;
	pthread_mutex_lock(&lock);
	set_timer(0);
	if (named)
		log_warning("%s%splugin %s: its %s has returned, after %.1f s", current.slot, prefix(),
			current.plugin, current.callback, seconds(begun_us));
	running = named = triggered = false;
	crash_hangs(false);
	pthread_mutex_unlock(&lock);
}

void hang_stopping(void)
{
	if (timer < 0)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	stopping_us = now_us();
	pthread_mutex_unlock(&lock);
	wake(woken);
}
