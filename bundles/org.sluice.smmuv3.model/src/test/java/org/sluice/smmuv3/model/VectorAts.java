package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.Dma;

/** A vector of a legal ATC_INV or PRI_RESP: what the endpoint of its stream hears of it. */
record VectorAts(Vector vector, Smmu smmu, List<Long> spans, List<String> answers) implements AtsEndpoint {
    private static final Pattern RANGE = Pattern.compile("\\[(0x\\w+), ?(0x\\w+)\\)");

    VectorAts(Vector vector, Smmu smmu) {
        this(vector, smmu, new ArrayList<>(), new ArrayList<>());
    }

    void check() {
        long word0 = vector.input()[0];
        smmu.model.ats().orElseThrow().connect((int) CmdAtcInv.streamID(word0), this);
        smmu.command(word0, vector.input()[1]);
        assertThat(smmu.commandError()).as(vector.expected()).isEqualTo(CmdqCons.ERR_NONE);
        assertThat(smmu.commandsConsumed()).isTrue();
        String expected = vector.expected().toLowerCase(Locale.ROOT);
        if (expected.contains("ignored") || vector.changed("CR0", "SMMUEN").orElse(1) == 0) {
            assertThat(spans).isEmpty();
            assertThat(answers).isEmpty();
            return;
        }
        if (CmdAtcInv.opcode(word0) == CmdPriResp.OPCODE_VALUE) {
            assertThat(answers).hasSize(1);
            return;
        }
        assertThat(spans).hasSize(2);
        Matcher range = RANGE.matcher(expected);
        if (range.find()) {
            assertThat(spans).containsExactly(Long.decode(range.group(1)), Long.decode(range.group(2)));
        } else if (CmdAtcInv.size(vector.input()[1]) == CmdAtcInv.SIZE_ALL) {
            assertThat(spans).containsExactly(0L, 0L);
        }
    }

    @Override
    public boolean invalidate(int substreamId, boolean global, long address, int log2bytes) {
        long word0 = vector.input()[0];
        boolean tagged = CmdAtcInv.ssv(word0) != 0;
        assertThat(substreamId).isEqualTo(tagged ? (int) CmdAtcInv.substreamID(word0) : Dma.NO_PASID);
        assertThat(global).isEqualTo(tagged && CmdAtcInv.g(word0) != 0);
        spans.add(address);
        spans.add(log2bytes == EVERY_ADDRESS ? 0 : address + (1L << log2bytes));
        return true;
    }

    @Override
    public void respond(int substreamId, int group, Response response) {
        answers.add(response.name());
        assertThat(group).isEqualTo((int) CmdPriResp.prgIndex(vector.input()[1]));
        int encoded = (int) CmdPriResp.resp(vector.input()[1]);
        assertThat(response)
                .isEqualTo(new Response[] {Response.FAILURE, Response.INVALID_REQUEST, Response.SUCCESS}[encoded]);
    }
}
