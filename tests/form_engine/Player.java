// Plays a form on JavaRosa, the engine inside ODK Collect, so that tests can say what a phone would do.
//
// Reads from stdin, one play after the other, tabs between the cells:
//   play <form.xml> <folder of the lists> <draft.xml or ->
//   answer <name of the question> <value>     in the order of the screen; an empty value clears; of a question in a
//                                             repeat, the first answer is that of its first instance
//   more <name of the repeat> -               adds an instance when the phone offers one
//   end
// Answers for each play with lines "asked <name> <choices>", then "invalid <name>" or "xml <bytes of XML in Base64>",
// or "misplayed <why>"; then "done". A question that a person would not see cannot be answered.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.model.instance.utils.DefaultAnswerResolver;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceFactory;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.reference.ResourceReference;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.model.xform.XPathReference;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormAnswerDataParser;
import org.javarosa.xform.util.XFormUtils;

public class Player {
    private final FormDef form;
    private final FormEntryController controller;
    private final StringBuilder out = new StringBuilder();

    public static void main(String[] arguments) throws Exception {
        PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        new XFormsModule().registerModule();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String[] play = null;
        List<String[]> answers = new ArrayList<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] cells = line.split("\t", -1);
            if (cells[0].equals("play")) play = cells;
            else if (cells[0].equals("answer") || cells[0].equals("more")) answers.add(cells);
            else {
                System.out.write((played(play, answers) + "done\n").getBytes(StandardCharsets.UTF_8));
                System.out.flush();
                answers.clear();
            }
        }
    }

    private static String played(String[] play, List<String[]> answers) {
        try {
            Player player = new Player(Path.of(play[1]), Path.of(play[2]), play[3]);
            Map<String, Deque<String>> left = new LinkedHashMap<>();
            for (String[] cells : answers) left.computeIfAbsent(cells[1], name -> new ArrayDeque<>()).add(cells[2]);
            player.fill(left);
            return player.finish();
        } catch (Throwable wrong) {
            return "misplayed\t" + String.valueOf(wrong.getMessage()).replace('\n', ' ') + "\n";
        }
    }

    private Player(Path xform, Path folder, String draft) throws Exception {
        ReferenceManager.instance().reset();
        for (String root : List.of("file", "file-csv")) ReferenceManager.instance().addReferenceFactory(files(root, folder));
        Path lastSaved = folder.resolve("last-saved.xml");
        form = XFormUtils.getFormFromFormXml(xform.toString(), Files.exists(lastSaved) ? "jr://file/last-saved.xml" : null);
        controller = new FormEntryController(new FormEntryModel(form));
        if (!draft.equals("-")) restore(Files.readAllBytes(Path.of(draft)));
        form.initialize(draft.equals("-"), new InstanceInitializationFactory());
    }

    private static ReferenceFactory files(String root, Path folder) {
        String prefix = "jr://" + root + "/";
        return new ReferenceFactory() {
            public boolean derives(String uri) {
                return uri.startsWith(prefix);
            }

            public Reference derive(String uri) {
                String path = folder.resolve(uri.substring(prefix.length())).toString();
                return new ResourceReference(path) {
                    @Override
                    public String getLocalURI() {
                        return path;
                    }
                };
            }

            public Reference derive(String uri, String context) {
                return derive(uri);
            }
        };
    }

    private void restore(byte[] draft) {
        TreeElement saved = XFormParser.restoreDataModel(draft, null).getRoot();
        TreeElement root = form.getInstance().getRoot().deepCopy(true);
        XFormParser.setAnswerResolver(new DefaultAnswerResolver());
        root.populate(saved, form);
        form.getInstance().setRoot(root);
    }

    private void fill(Map<String, Deque<String>> left) throws Exception {
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        for (int event = controller.stepToNextEvent(); event != FormEntryController.EVENT_END_OF_FORM; event = controller.stepToNextEvent()) {
            if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT && taken(left, name()) != null) controller.newRepeat();
            if (event != FormEntryController.EVENT_QUESTION) continue;
            FormEntryPrompt prompt = controller.getModel().getQuestionPrompt();
            String name = name();
            List<String> offered = new ArrayList<>();
            List<SelectChoice> choices = choosing(prompt) ? prompt.getSelectChoices() : List.of();
            for (SelectChoice choice : choices) offered.add(choice.getValue());
            out.append("asked\t").append(name).append('\t').append(String.join(" ", offered)).append('\n');
            String value = taken(left, name);
            if (value == null) continue;
            int verdict = controller.answerQuestion(prompt.getIndex(), value.isEmpty() ? null : data(prompt, choices, value), true);
            if (verdict != FormEntryController.ANSWER_OK) throw new IllegalArgumentException(name + " takes no " + value);
        }
        if (!left.isEmpty()) throw new IllegalArgumentException("never asked: " + left.keySet());
    }

    private String name() {
        return controller.getModel().getFormIndex().getReference().getNameLast();
    }

    private static String taken(Map<String, Deque<String>> left, String name) {
        Deque<String> values = left.get(name);
        String value = values == null ? null : values.poll();
        if (values != null && values.isEmpty()) left.remove(name);
        return value;
    }

    private static boolean choosing(FormEntryPrompt prompt) {
        int control = prompt.getControlType();
        return control == Constants.CONTROL_SELECT_ONE || control == Constants.CONTROL_SELECT_MULTI;
    }

    private static IAnswerData data(FormEntryPrompt prompt, List<SelectChoice> choices, String value) {
        if (prompt.getControlType() == Constants.CONTROL_IMAGE_CHOOSE) return new StringData(value);
        if (!choosing(prompt)) return XFormAnswerDataParser.getAnswerData(value, prompt.getDataType(), prompt.getQuestion());
        List<Selection> picked = new ArrayList<>();
        for (String code : value.split(" ")) picked.add(pick(choices, code));
        return prompt.getControlType() == Constants.CONTROL_SELECT_ONE ? new SelectOneData(picked.get(0)) : new SelectMultiData(picked);
    }

    private static Selection pick(List<SelectChoice> choices, String code) {
        for (SelectChoice choice : choices) if (choice.getValue().equals(code)) return choice.selection();
        throw new IllegalArgumentException(code + " is not offered");
    }

    private String finish() throws Exception {
        ValidateOutcome outcome = form.validate();
        if (outcome != null) {
            TreeReference failed = outcome.failedPrompt.getReference();
            return out.append("invalid\t").append(failed.getNameLast()).append('\n').toString();
        }
        controller.finalizeFormEntry();
        XFormSerializingVisitor writer = new XFormSerializingVisitor();
        ByteArrayPayload payload = (ByteArrayPayload) writer.createSerializedPayload(form.getInstance(), new XPathReference("/"));
        String xml = Base64.getEncoder().encodeToString(payload.getPayloadStream().readAllBytes());
        return out.append("xml\t").append(xml).append('\n').toString();
    }
}
