package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;

/** The answers that the hardware got. */
public final class FakeResponses {
    /** One answer. */
    public record Answer(PageRequest request, PageResponse response) {}

    private final List<Answer> answers = new ArrayList<>();

    synchronized void add(PageRequest request, PageResponse response) {
        answers.add(new Answer(request, response));
        notifyAll();
    }

    public synchronized List<Answer> all() {
        return List.copyOf(answers);
    }

    /** What each group was told, in order. */
    public List<PageResponse> responses() {
        return all().stream().map(Answer::response).toList();
    }

    /** Waits for the answer to one request, by identity. */
    public synchronized PageResponse to(PageRequest request) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            for (Answer answer : answers) {
                if (answer.request() == request) {
                    return answer.response();
                }
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no answer to " + request);
            }
            try {
                wait(100);
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }
    }

    /** Forgets what was answered, for tests that do very much. */
    public synchronized void clear() {
        answers.clear();
    }
}
