"""What customers of the demo write, and what its agents answer: by occasion and language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that customers write about: how often, in which words, and what we answer.

    `$order` stands for the order's number.
    """

    weight: float
    en: tuple[str, str]
    zh: tuple[str, str]
    answer_en: str
    answer_zh: str

    def text(self, language: str) -> tuple[str, str]:
        """Return subject and body in a language."""
        return self.zh if language == "zh" else self.en

    def answer(self, language: str) -> str:
        """Return what an agent answers."""
        return self.answer_zh if language == "zh" else self.answer_en


TOPICS = [
    Topic(
        4,
        ("Where is my order $order?", "Hello, could you tell me when my order arrives? Thank you."),
        ("订单 $order 到哪里了？", "您好，请问我的订单什么时候能送到？谢谢。"),
        "Your parcel is on its way. The carrier's page shows where it is; I keep an eye on it.",
        "您的包裹正在配送途中，可在承运商网站查看最新进度，我也会继续跟进。",
    ),
    Topic(
        2,
        ("Invoice for $order", "I need the invoice of my order for our books. Could you send it?"),
        ("申请 $order 的发票", "您好，请帮我补发这个订单的发票，谢谢。"),
        "The invoice is issued once everything has arrived. I have sent it to you again.",
        "发票会在全部商品签收后开具，我已为您重新发送。",
    ),
    Topic(
        2,
        ("A question about $order", "Is the teapot safe for the dishwasher? I could not find it."),
        ("关于 $order 商品的问题", "请问茶壶可以放进洗碗机清洗吗？页面上没有写。"),
        "By hand, please: the glaze stays bright for years that way.",
        "建议手洗，这样釉面可以长久保持光泽。",
    ),
    Topic(
        1.2,
        (
            "This is the second time! $order",
            "I have been waiting for days and nobody tells me anything. Sort it out or I cancel"
            " everything.",
        ),
        ("太失望了！订单 $order", "等了这么多天还没有消息，再不处理我就全部退掉！"),
        "You are right to be cross, and I am sorry. I have taken it up with the carrier today and"
        " write to you tomorrow at the latest.",
        "非常抱歉给您带来不便，我今天已向承运商催办，最迟明天给您答复。",
    ),
    Topic(
        1.5,
        ("How do I send something back? $order", "One of the things is not what I expected."),
        ("想退 $order 里的一件商品", "收到的商品和想象的不太一样，请问怎么退货？"),
        "No problem: the label for the return is on its way to you.",
        "可以的，退货面单已发送给您，请将商品包装好寄回。",
    ),
]
# Such questions come by telephone; the service takes them down.
PAYMENT = Topic(
    0,
    ("Charged twice? $order", "My bank shows the amount of my order twice. Please check."),
    ("$order 是否重复扣款", "我的银行账单显示扣了两次款，请帮忙核实。"),
    "One of the two was only a reservation; your bank lets it go within three days.",
    "其中一笔仅为预授权，银行会在三天内自动解除。",
)
THANKS = {
    "en": ("Thank you, that helps.", "It still has not come. Please look again.", "Great, thanks!"),
    "zh": ("好的，谢谢！", "还是没有收到，麻烦再查一下。", "明白了，谢谢您。"),
}
CARE = {
    "en": "We have looked into it and are taking care. You will hear from us as soon as it is"
    " settled.",
    "zh": "我们已核实情况并正在处理，一有结果会立即通知您。",
}
COMMENTS = {
    "en": ("", "", "Quick and friendly.", "All good.", "Took too long.", "Nobody read my mail."),
    "zh": ("", "", "回复很快，态度很好。", "很满意。", "等得太久了。", "没有解决问题。"),
}
# How satisfied customers are, one to five.
SCORES = (1, 2, 3, 4, 4, 5, 5, 5, 5, 4, 5, 3)
# Why goods come back.
REASONS = ("UNWANTED", "UNWANTED", "WRONG_ITEM", "DAMAGED", "LATE", "OTHER")
