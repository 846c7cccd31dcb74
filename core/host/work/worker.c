/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Verifying a program is one long system call that cannot be interrupted, so it must not run on the loop. One
 * thread is enough: transactions are serial anyway, and data that the loop and the worker share is handed
 * over with the job and handed back with `done`.
 */
#include "host/work/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/plugin/crash.h"
#include "util/wake.h"

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	void (*job)(void *data); /* NULL: nothing to do */
	void *data;
	bool quit;
	void (*done)(void *data); /* loop's: not NULL while busy */
	int fd;			  /* eventfd: the job is finished */
	sd_event_source *source;
};

static void *run(void *data)
{
	struct worker *worker = data;

	pthread_mutex_lock(&worker->lock);
	while (!worker->quit) {
		void (*job)(void *) = worker->job;

		if (!job) {
			pthread_cond_wait(&worker->wake, &worker->lock);
			continue;
		}
		pthread_mutex_unlock(&worker->lock);
		job(worker->data);
		pthread_mutex_lock(&worker->lock);
		worker->job = NULL;
		wake(worker->fd);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct worker *worker = data;
	void (*done)(void *) = worker->done;
	eventfd_t value;

	if (eventfd_read(fd, &value) < 0 || !done)
		return 0;
	worker->done = NULL;
	done(worker->data);
	return 0;
}

int worker_new(sd_event *event, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (!worker)
		return -ENOMEM;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wake, NULL);
	worker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = worker->fd < 0 ? -errno
			   : sd_event_add_io(event, &worker->source, worker->fd, EPOLLIN, on_done, worker);
	if (r >= 0)
		r = crash_start_thread(&worker->thread, run, worker);
	if (r < 0) {
		sd_event_source_disable_unref(worker->source);
		if (worker->fd >= 0)
			close(worker->fd);
		free(worker);
		return r;
	}
	*ret_worker = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->quit = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	sd_event_source_disable_unref(worker->source);
	close(worker->fd);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

void worker_submit(struct worker *worker, void (*job)(void *data), void (*done)(void *data), void *data)
{
	pthread_mutex_lock(&worker->lock);
	worker->job = job;
	worker->data = data;
	worker->done = done;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}
